/**
 * The pure parts of galera-peers, for tests of a user's own galera.cnf and for tools: nothing here
 * touches the network, a process or a file.
 */
export { type Decision, decide } from "./bootstrap/decide.js";
export { describeEvidence, type Evidence } from "./bootstrap/evidence.js";
export type { Founding, Ledger, View } from "./bootstrap/ledger.js";
export type { MemberState, Phase, Vote } from "./bootstrap/member.js";
export type { BootstrapMode, Contact, Observation, Token } from "./bootstrap/observation.js";
export { type Changes, editOptions } from "./cnf/edit.js";
export { type GaleraSettings, renderGaleraCnf } from "./cnf/render.js";
export { defaultTemplate, type TemplateSettings } from "./cnf/template.js";
export { parseResolvConf, type ResolvConf } from "./dns/resolv-conf.js";
export type { Target } from "./dns/service.js";
export { formatPosition, type Grastate, type Position, parseGrastate } from "./galera/grastate.js";
export type { Identity } from "./peers/identity.js";
export { type AddressType, namePeers, type Peer, type PeerSet, peerSet } from "./peers/peer-set.js";
export { Failure } from "./system/failure.js";
