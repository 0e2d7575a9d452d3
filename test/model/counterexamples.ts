/*
 * What each mutation breaks, as the steps to it: `read 1 0` is galera-1 that asks galera-0. Found by
 * `npm run model -- --mutations` or by hand, and made short. After the last step everybody works in
 * turn without faults, so some need only the start world.
 */
export const counterexamples: Readonly<Record<string, string>> = {
  "a silent member is left out after a while": `
    start 2; consider 2; act 2`,
  "whom DNS names is asked, not whom the ledger names": `
    start 2; look 2 1; consider 2; act 2`,
  "empty members win by ordinal beside data": `
    lose 0`,
  "the lowest ordinal wins, not the highest position": "",
  "a stopped member founds beside a running one": `
    kill 0`,
  "votes do not outdate one's own candidacy": "",
  "who is ahead joins all the same": `
    force 0`,
  "no grants are needed": `
    start 0; start 1; start 2; read 1 2; read 1 0; consider 1; act 1; read 2 1; kill 1;
    start 1; consider 2; act 2; consider 1; act 1; regroup 2 0; transfer 2 2; write 1 1;
    finish 2; kill 2`,
  "a vote is for a candidate, whatever its ballot": `
    regroup 1; kill 1; regroup 2; start 1; consider 1; act 1`,
  "views are not written down": `
    start 1; start 0; start 2; read 0 2; read 1 0; read 1 2; consider 1; read 0 1;
    read 2 1; consider 0; read 2 0; consider 2; read 1 0; read 1 2; consider 1; act 1;
    read 0 1; consider 0; act 0; regroup 1 0; transfer 0 2; finish 0; stop 1; start 1;
    consider 1; act 1`,
  "a token can be used again": `
    force 0; start 0; consider 0; act 0; start 2; read 2 0; consider 2; act 2; regroup 2;
    transfer 2 0; stop 0; write 2; crash 2; start 0; consider 0; act 0`,
  "a token to discard can be used again": `
    force 0; start 0; consider 0; act 0; discard 1; start 1; read 1 0; consider 1; act 1;
    regroup 1; transfer 1 1; finish 1; write 1 1; crash 0; crash 1; force 0; start 0;
    consider 0; act 0; start 1; read 1 0; consider 1; act 1; regroup 1`,
  "a stale answer of DNS counts as fresh": `
    lose 0; start 0; look 0 1; consider 0; act 0; act 0`,
  "the first start minds no other name in DNS": `
    lose 0; start 0; start 1; look 0 0; consider 0; act 0; act 0`,
  "a founding is not written down": `
    start 0; start 1; read 0 1; read 1 0; consider 1; read 0 1; consider 0; read 1 0;
    consider 1; act 1; start 2; read 2 1; consider 2; act 2; regroup 2; transfer 2 0;
    stop 1; write 2; crash 2; start 1; read 0 1; read 1 0; consider 1; read 0 1;
    consider 0; read 1 0; consider 1; act 1`,
  "servers apart are not minded before pc.bootstrap": `
    poll 0; poll 1; poll 2; read 0 1; read 0 2; read 1 0; read 1 2; read 2 0; read 2 1;
    consider 0; read 1 0; read 2 0; consider 1; consider 2; read 0 1; read 0 2;
    consider 0; act 0; isolate 0; regroup 1`,
  "half of an SST counts as data": `
    start 0; start 1; read 0 1; read 1 0; consider 1; read 0 1; consider 0; read 1 0;
    consider 1; act 1; read 0 1; consider 0; act 0; regroup 0; transfer 0 1; crash 0;
    crash 1; start 0; start 1; read 0 1; read 1 0; consider 0; consider 1; read 1 0;
    read 0 1; consider 1; read 0 1; consider 0; act 0`,
  "an SST without its marker counts as data": `
    start 0; start 1; read 0 1; read 1 0; consider 1; read 0 1; consider 0; read 1 0;
    consider 1; act 1; read 0 1; consider 0; act 0; regroup 0; transfer 0 2; crash 0;
    crash 1; start 0; start 1; read 0 1; read 1 0; consider 0; consider 1; read 1 0;
    read 0 1; consider 1; read 0 1; consider 0; act 0`,
};
