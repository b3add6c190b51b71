// Runs inside the sandbox. What bundlers and transformers let a module import although Node would not: CommonJS packages by
// any name and with their own default, JSON without an attribute, and styles that mean nothing to a test.
import fs from 'node:fs';
import { createRequire, registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';

const PACKAGE = 'cambium-package:';
const ASSET = /\.(?:css|scss|sass|less|styl|svg|png|jpe?g|gif|webp|woff2?)$/;

/** To be called before the loader is made, so that its own rules come first. */
export function allowLooseImports(): void {
  registerHooks({
    resolve: (specifier, context, next) => {
      const found = next(specifier, context);
      const isForeign = found.url.startsWith('file:') && found.url.includes('/node_modules/');
      const isOwnParent =
        context.parentURL?.startsWith('file:') && !context.parentURL.includes('/node_modules/');
      const isScript = found.format !== 'module' && /\.c?js$/.test(found.url);
      if (!isForeign || !isOwnParent || !isScript || !context.conditions.includes('import')) return found;
      return { url: PACKAGE + found.url, format: 'module', shortCircuit: true };
    },
    load: (url, context, next) => {
      if (url.startsWith(PACKAGE)) return packageModule(fileURLToPath(url.slice(PACKAGE.length)));
      const file = url.startsWith('file:') ? fileURLToPath(url.split('?')[0] ?? url) : '';
      const isImport = context.conditions?.includes('import') === true;
      if (isImport && file.endsWith('.json') && context.importAttributes?.['type'] === undefined) {
        return { format: 'module', source: jsonModule(fs.readFileSync(file, 'utf8')), shortCircuit: true };
      }
      if (ASSET.test(file)) return { format: 'module', source: 'export default {};', shortCircuit: true };
      return next(url, context);
    },
  });
}

/** A module with all that a CommonJS package exports; its default is the one it says it is. */
function packageModule(file: string) {
  const load = `process.getBuiltinModule('module').createRequire(${JSON.stringify(file)})(${JSON.stringify(file)})`;
  const exported: unknown = createRequire(file)(file);
  const names = isObject(exported)
    ? Object.keys(exported).filter((name) => /^[A-Za-z_$][\w$]*$/.test(name))
    : [];
  const lines = names
    .filter((name) => name !== 'default')
    .map((name, index) => `const e${index}=m[${JSON.stringify(name)}];export{e${index} as ${name}};`);
  const isTranspiled = isObject(exported) && '__esModule' in exported && 'default' in exported;
  const source = `const m=${load};${lines.join('')}export default ${isTranspiled ? 'm.default' : 'm'};`;
  return { format: 'module', source, shortCircuit: true } as const;
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

function jsonModule(text: string): string {
  const value: unknown = JSON.parse(text.replace(/^\uFEFF/, ''));
  const names = isObject(value) && !Array.isArray(value) ? Object.keys(value) : [];
  const exported = names
    .filter((name) => /^[A-Za-z_$][\w$]*$/.test(name) && name !== 'default')
    .map((name, index) => `const e${index}=v[${JSON.stringify(name)}];export{e${index} as ${name}};`);
  return `const v=JSON.parse(${JSON.stringify(JSON.stringify(value))});${exported.join('')}export default v;`;
}
