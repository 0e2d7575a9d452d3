/** Bundles `src` into `dist`: one start file, chunks that load only where a command needs them. */
import { rm } from "node:fs/promises";
import { builtinModules } from "node:module";
import { type BuildOptions, build, type Plugin } from "esbuild";

/**
 * Node's own modules by `process.getBuiltinModule`, of each only the names that are used. An ES
 * import of one would read its every property, getters included, and some of those load further
 * modules (10 ms of a start).
 */
const builtins: Plugin = {
  name: "builtins",
  setup({ onResolve, onLoad }) {
    const filter = new RegExp(`^(node:.*|${builtinModules.join("|")})$`);
    onResolve({ filter }, ({ path, kind }) => {
      const name = path.replace(/^node:/, "");
      if (kind === "dynamic-import") return { path: `node:${name}`, external: true };
      return { path: name, namespace: kind === "require-call" ? "builtin-cjs" : "builtin-esm" };
    });
    onLoad({ filter: /.*/, namespace: "builtin-cjs" }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule("node:${path}")`,
    }));
    onLoad({ filter: /.*/, namespace: "builtin-esm" }, ({ path }) => {
      const names = Object.keys(process.getBuiltinModule(`node:${path}`) ?? {});
      const exported = names
        .filter((name) => /^[a-z]\w*$/i.test(name) && name !== "default")
        .map((name) => `export const ${name} = /* @__PURE__ */ __get("${name}");`);
      return {
        contents: `const __module = process.getBuiltinModule("node:${path}");
          const __get = (name) => __module[name];
          export default __module;
          ${exported.join("\n")}`,
      };
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
  minifyIdentifiers: true,
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
// The way to exec once more, in one file without commander: each further file costs a start 1 ms.
await build({
  ...common,
  entryPoints: { run: "src/main.ts" },
  external: ["./commands.js"],
  splitting: true,
  chunkNames: "chunks/[name]-[hash]",
});
