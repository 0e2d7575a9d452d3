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

/**
 * Of the agent's packages, what it never uses costs it 4 MB: node:tls and node:zlib load when they are
 * called, which a socket of this host never makes the mariadb package do, and iconv-lite is for other
 * character sets than the utf8 of every connection here.
 */
const unused: Plugin = {
  name: "unused",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:(tls|zlib)$/ }, ({ path, kind, importer }) =>
      kind === "import-statement" && importer.includes("/mariadb/")
        ? { path, namespace: "when-called" }
        : undefined,
    );
    onLoad({ filter: /.*/, namespace: "when-called" }, ({ path }) => {
      const names = Object.keys(process.getBuiltinModule(path) ?? {});
      const getters = names.map(
        (name) => `get ${name}() { return process.getBuiltinModule("${path}").${name}; }`,
      );
      return { contents: `export default { ${getters.join(", ")} };` };
    });
    onResolve({ filter: /^iconv-lite$/ }, ({ path }) => ({ path, namespace: "utf8-only" }));
    onLoad({ filter: /.*/, namespace: "utf8-only" }, () => ({
      contents: `const refuse = () => { throw new Error("only utf8 is built in"); };
        export const encode = refuse;
        export const decode = refuse;
        export default { encode, decode };`,
    }));
  },
};

const common: BuildOptions = {
  plugins: [unused, builtins],
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
await build({
  ...common,
  entryPoints: ["src/start.ts"],
  external: ["./main.js", "./run.js", "./probe.js"],
});
await build({ ...common, entryPoints: ["src/index.ts", "src/probe.ts"] });
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
