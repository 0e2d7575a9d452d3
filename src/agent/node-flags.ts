/**
 * How Node runs an agent: V8 without compilers and feedback, with a small heap, and one thread for
 * garbage where it has four. An agent waits nearly all its time; this saves it 18 of 76 MB
 * (docs/decisions/005-what-the-agent-costs.md).
 */
export const agentNodeFlags: readonly string[] = ["--lite-mode", "--v8-pool-size=1"];
