/** Bundles `src` into `dist`: one start file, chunks that load only where a command needs them. */
import { rm } from "node:fs/promises";
import { builtinModules } from "node:module";
import { type BuildOptions, build, type Plugin } from "esbuild";

/**
 * Node's own modules, loaded when a name of theirs is first used: an ES import loads a module
 * whether or not this run needs it, and reads its every property, getters included (10 ms of a
 * start).
 */
const builtins: Plugin = {
  name: "builtins",
  setup({ onResolve, onLoad }) {
    const filter = new RegExp(`^(node:.*|${builtinModules.join("|")})$`);
    onResolve({ filter }, ({ path, kind }) => {
      const name = path.replace(/^node:/, "");
      if (kind === "dynamic-import") return { path: `node:${name}`, external: true };
      return { path: name, namespace: "builtin" };
    });
    onLoad({ filter: /.*/, namespace: "builtin" }, ({ path }) => {
      const load = `process.getBuiltinModule("node:${path}")`;
      const module: unknown = process.getBuiltinModule(`node:${path}`);
      if (typeof module !== "object" || module === null)
        return { contents: `module.exports = ${load}` };
      const getters = Object.keys(module).map((name) => `get ${name}() { return ${load}.${name} }`);
      return { contents: `module.exports = { ${getters.join(", ")} }` };
    });
  },
};

const common: BuildOptions = {
  plugins: [builtins],
  outdir: "dist",
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node22",
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: "linked",
};

await rm("dist", { recursive: true, force: true });
await build({ ...common, entryPoints: ["src/start.ts"], external: ["./main.js", "./run.js"] });
await build({ ...common, entryPoints: ["src/index.ts"] });
await build({
  ...common,
  entryPoints: ["src/main.ts"],
  splitting: true,
  chunkNames: "chunks/[name]-[hash]",
});
// What `run` loads on its way to exec, once more, in one file: each further file costs a start 1 ms.
await build({
  ...common,
  entryPoints: { run: "src/main.ts" },
  external: ["./commands.js"],
  splitting: true,
  chunkNames: "chunks/[name]-[hash]",
});
