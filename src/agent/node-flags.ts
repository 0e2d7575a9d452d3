/**
 * How Node runs an agent: V8 without compilers and feedback, with a small heap, and one thread for
 * garbage where it has four. An agent waits nearly all its time; this saves it 16 of 74 MB
 * (docs/decisions/005-what-the-agent-costs.md). Node 22 says in a line that it has no WebAssembly then.
 */
export const agentNodeFlags: readonly string[] = ["--lite-mode", "--v8-pool-size=1"];
