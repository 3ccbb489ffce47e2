// @ts-check
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { addonPackage, project, replaceFile, userCache } from './paths.mjs';
import { findCompiler, lastWords, nodeHeaders, run } from './programs.mjs';
import { task } from './say.mjs';

/**
 * @typedef {import('./variant.mjs').Variant} Variant
 * @typedef {Readonly<{ variant: string, cuda: boolean, tensorflow: string, folder: string, node: string, files: Readonly<Record<string, number>> }>} Linked
 */

const deps = join(addonPackage, 'deps');
const stampPath = join(deps, 'linked.json');
const addonPath = join(addonPackage, 'lib', 'napi-v8', 'tfjs_binding.node');

/**
 * What the addon is linked to, as long as its files are there with the size they had; undefined otherwise.
 * @returns {Linked | undefined}
 */
export function linkedEngine() {
  try {
    /** @type {Linked} */
    const linked = JSON.parse(readFileSync(stampPath, 'utf8'));
    const intact = Object.entries(linked.files).every(([path, size]) => statSync(path).size === size);
    return intact && linked.node === process.versions.modules ? linked : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Points the addon's package at an unpacked library and gives it an addon built for this Node, from the user's cache
 * where one lies there.
 * @param {Variant} variant
 * @param {string} folder the unpacked library
 * @param {string} tensorflow its version
 */
export async function linkEngine(variant, folder, tensorflow) {
  rmSync(deps, { recursive: true, force: true });
  mkdirSync(deps, { recursive: true });
  symlinkSync(join(folder, 'tensorflow'), join(deps, 'lib'));
  symlinkSync(join(folder, 'tensorflow', 'include'), join(deps, 'include'));
  // The libraries look for CUDA in $ORIGIN/../nvidia/<part>/lib, and $ORIGIN is the folder they were opened through.
  if (variant.cuda) symlinkSync(join(folder, 'nvidia'), join(deps, 'nvidia'));
  const cached = join(
    userCache(),
    `addon-${addonVersion()}-tf${tensorflow}-${variant.name}-node${process.versions.modules}.node`,
  );
  if (existsSync(cached)) replaceFile(cached, addonPath);
  if (!existsSync(cached) || !(await addonLoads())) {
    await buildAddon();
    replaceFile(addonPath, cached);
  }
  const libraries = ['libtensorflow_cc', 'libtensorflow_framework'].map((name) =>
    join(folder, 'tensorflow', process.platform === 'darwin' ? `${name}.2.dylib` : `${name}.so.2`),
  );
  /** @type {Linked} */
  const linked = {
    variant: variant.name,
    cuda: variant.cuda,
    tensorflow,
    folder,
    node: process.versions.modules,
    files: Object.fromEntries([addonPath, ...libraries].map((path) => [path, statSync(path).size])),
  };
  writeFileSync(`${stampPath}.partial`, JSON.stringify(linked, null, 1));
  renameSync(`${stampPath}.partial`, stampPath);
}

async function buildAddon() {
  if (findCompiler() === undefined) throw new Error('no C++ compiler and make (Debian: apt install g++ make)');
  await task('building the TensorFlow addon', async () => {
    const tool = join(project, 'node_modules', '@mapbox', 'node-pre-gyp', 'bin', 'node-pre-gyp');
    const ended = await run(process.execPath, [tool, 'install', '--build-from-source'], {
      cwd: addonPackage,
      env: { ...nodeHeaders(), npm_config_node_gyp: nodeGyp() },
    });
    if (ended.code !== 0) throw new Error(`the addon was not built: ${lastWords(ended.output)}`);
    // The library is called by another name than the addon's build expects, so macOS needs to be told where it is.
    if (process.platform === 'darwin')
      await run('install_name_tool', ['-add_rpath', '@loader_path/../../deps/lib', addonPath]);
    const loaded = await tryAddon();
    if (loaded.code !== 0) throw new Error(`the addon does not load: ${lastWords(loaded.output)}`);
  });
}

/**
 * npm brings its own node-gyp; node-pre-gyp finds it only when told where it is, unless npm runs it.
 * @returns {string | undefined}
 */
function nodeGyp() {
  if (process.env['npm_config_node_gyp'] !== undefined) return process.env['npm_config_node_gyp'];
  const npmCli = process.env['npm_execpath'];
  const homes = [
    ...(npmCli === undefined ? [] : [join(dirname(dirname(npmCli)), 'node_modules')]),
    join(dirname(dirname(process.execPath)), 'lib', 'node_modules', 'npm', 'node_modules'),
    join(dirname(process.execPath), 'node_modules', 'npm', 'node_modules'),
  ];
  return homes.map((home) => join(home, 'node-gyp', 'bin', 'node-gyp.js')).find((path) => existsSync(path));
}

/**
 * In a process of its own: a library that cannot be used may take the process down with it.
 * @returns {Promise<boolean>}
 */
async function addonLoads() {
  return (await tryAddon()).code === 0;
}

function tryAddon() {
  const script = `const b = require(${JSON.stringify(addonPath)}); if (!b.TF_Version) throw new Error('no TF_Version');`;
  return run(process.execPath, ['-e', script], { env: { TF_CPP_MIN_LOG_LEVEL: '3' }, timeout: 60_000 });
}

/**
 * @returns {string}
 */
function addonVersion() {
  return JSON.parse(readFileSync(join(addonPackage, 'package.json'), 'utf8')).version;
}
