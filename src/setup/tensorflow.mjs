// @ts-check
import { createHash } from 'node:crypto';
import {
  createReadStream,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { userCache } from './paths.mjs';
import { lastWords, run } from './programs.mjs';
import { say, task } from './say.mjs';
import { tensorflowVersion, wheelPython } from './variant.mjs';

/**
 * @typedef {import('./variant.mjs').Variant} Variant
 * @typedef {import('./programs.mjs').Python} Python
 * @typedef {Readonly<{ tensorflow: string, variant: string, files: Readonly<Record<string, { size: number, sha256: string }>> }>} Manifest
 */

const manifestName = 'manifest.json';

/**
 * `tensorflow/` (the libraries and `include/`) and, with CUDA, `nvidia/<part>/lib/`: the wheels' own layout, which the
 * libraries' run paths rely on.
 * @param {Variant} variant
 * @returns {string}
 */
export function libraryFolder(variant) {
  return join(userCache(), `tensorflow-${tensorflowVersion}-${variant.name}`);
}

/**
 * The unpacked library of a variant: the one in the user's cache when its hashes are right, else a fresh one.
 * Call it under the cache's lock.
 * @param {Variant} variant
 * @param {Python | undefined} python not needed when the library is there
 * @returns {Promise<string>} its folder
 */
export async function provideLibrary(variant, python) {
  const folder = libraryFolder(variant);
  if (existsSync(folder)) {
    const damaged = await findDamage(folder);
    if (damaged === undefined) return folder;
    say(`the cached TensorFlow library is damaged (${damaged}); fetching it again`);
    rmSync(folder, { recursive: true, force: true });
  }
  if (python === undefined) throw new Error('Python 3 is needed to fetch TensorFlow, and none was found');
  if (!python.pip) throw new Error(`Python ${python.version} has no pip (Debian: apt install python3-pip)`);
  const partial = `${folder}.partial`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { recursive: true });
  try {
    await fetchWheels(variant, python, partial);
    linkNames(partial);
    await writeManifest(variant, partial);
    renameSync(partial, folder);
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
  return folder;
}

/**
 * @param {Variant} variant
 * @param {Python} python
 * @param {string} folder
 */
async function fetchWheels(variant, python, folder) {
  const wheels = join(folder, 'wheels');
  const main = `${variant.wheel}==${tensorflowVersion}`;
  await task(
    `downloading TensorFlow ${tensorflowVersion} (${variant.name}, about ${variant.megabytes} MB)`,
    async () => {
      await download(variant, python, wheels, [main]);
      const [wheel] = readdirSync(wheels);
      if (wheel === undefined) throw new Error('pip downloaded nothing');
      const sha256 = await hashFile(join(wheels, wheel));
      if (variant.sha256 !== undefined && sha256 !== variant.sha256) {
        throw new Error(`${wheel} has SHA-256 ${sha256}, not ${variant.sha256}`);
      }
      if (variant.cuda) await download(variant, python, wheels, await cudaRequirements(python, join(wheels, wheel)));
    },
  );
  await task('unpacking it', async () => {
    for (const wheel of readdirSync(wheels)) await unpack(python, join(wheels, wheel), folder);
  });
  rmSync(wheels, { recursive: true });
}

/**
 * pip checks each wheel against the hash in the package index.
 * @param {Variant} variant
 * @param {Python} python
 * @param {string} into
 * @param {readonly string[]} requirements
 */
async function download(variant, python, into, requirements) {
  const platforms = [
    variant.tag,
    ...(variant.cuda ? ['manylinux_2_17_x86_64', 'manylinux2014_x86_64', 'manylinux1_x86_64'] : []),
  ];
  const ended = await run(python.command, [
    ...['-m', 'pip', 'download', '--quiet', '--no-deps', '--no-cache-dir', '--disable-pip-version-check', '--no-input'],
    ...['--only-binary=:all:', '--python-version', wheelPython, '--implementation', 'cp', '--retries', '2'],
    ...platforms.flatMap((platform) => ['--platform', platform]),
    ...['--dest', into, ...requirements],
  ]);
  if (ended.code !== 0) throw new Error(`pip could not download ${requirements.join(' ')}: ${lastWords(ended.output)}`);
}

/** Prints the requirements of the wheel's `and-cuda` extra, one a line. */
const listCuda = `
import re, sys, zipfile
wheel = zipfile.ZipFile(sys.argv[1])
metadata = next(name for name in wheel.namelist() if name.endswith('.dist-info/METADATA'))
for line in wheel.read(metadata).decode().splitlines():
    found = re.match(r'Requires-Dist: (nvidia-[^;]+);.*and-cuda', line)
    if found: print(found.group(1).strip())
`;

/**
 * @param {Python} python
 * @param {string} wheel
 * @returns {Promise<readonly string[]>}
 */
async function cudaRequirements(python, wheel) {
  const ended = await run(python.command, ['-c', listCuda, wheel]);
  const requirements = ended.output.split('\n').filter((line) => line.startsWith('nvidia-'));
  if (ended.code !== 0 || requirements.length === 0)
    throw new Error(`${wheel} names no CUDA libraries: ${lastWords(ended.output)}`);
  return requirements;
}

/** Only what the addon is built and run with: 8 MB of headers out of 200, two libraries, and CUDA's. */
const unpackScript = `
import os, sys, zipfile
wheel, into = zipfile.ZipFile(sys.argv[1]), sys.argv[2]
headers = tuple('tensorflow/include/' + part for part in ('tensorflow/c/', 'tensorflow/core/platform/', 'tsl/', 'xla/tsl/'))
for name in wheel.namelist():
    library = name.startswith('tensorflow/libtensorflow_cc.') or name.startswith('tensorflow/libtensorflow_framework.')
    cuda = name.startswith('nvidia/') and ('/lib/' in name or '/bin/' in name or '/nvvm/' in name) and not name.endswith('.a')
    if not (library or cuda or name.startswith(headers)): continue
    path = wheel.extract(name, into)
    if '/bin/' in name and os.path.isfile(path): os.chmod(path, 0o755)
`;

/**
 * @param {Python} python
 * @param {string} wheel
 * @param {string} into
 */
async function unpack(python, wheel, into) {
  const ended = await run(python.command, ['-c', unpackScript, wheel, into]);
  if (ended.code !== 0) throw new Error(`${wheel} could not be unpacked: ${lastWords(ended.output)}`);
}

/**
 * The addon's build asks for `libtensorflow`; the wheels call it `libtensorflow_cc`.
 * @param {string} folder
 */
function linkNames(folder) {
  const lib = join(folder, 'tensorflow');
  const names = Object.entries(
    process.platform === 'darwin'
      ? { 'libtensorflow.2.dylib': 'libtensorflow_cc.2.dylib' }
      : { 'libtensorflow.so': 'libtensorflow_cc.so.2', 'libtensorflow_framework.so': 'libtensorflow_framework.so.2' },
  );
  for (const [name, target] of names) {
    if (!existsSync(join(lib, target))) throw new Error(`the TensorFlow wheel holds no ${target}`);
    symlinkSync(target, join(lib, name));
  }
}

/**
 * @param {Variant} variant
 * @param {string} folder
 */
async function writeManifest(variant, folder) {
  /** @type {Record<string, { size: number, sha256: string }>} */
  const files = {};
  for (const found of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!found.isFile()) continue;
    const path = join(found.parentPath, found.name);
    files[path.slice(folder.length + 1)] = { size: statSync(path).size, sha256: await hashFile(path) };
  }
  /** @type {Manifest} */
  const manifest = { tensorflow: tensorflowVersion, variant: variant.name, files };
  writeFileSync(join(folder, manifestName), JSON.stringify(manifest, null, 1));
}

/**
 * Compares every file with the manifest.
 * @param {string} folder
 * @returns {Promise<string | undefined>} the first file that differs
 */
export async function findDamage(folder) {
  const path = join(folder, manifestName);
  if (!existsSync(path)) return manifestName;
  /** @type {Manifest} */
  const manifest = JSON.parse(readFileSync(path, 'utf8'));
  for (const [name, expected] of Object.entries(manifest.files)) {
    const file = join(folder, name);
    if (!existsSync(file) || statSync(file).size !== expected.size || (await hashFile(file)) !== expected.sha256)
      return name;
  }
  return undefined;
}

/**
 * @param {string} path
 * @returns {Promise<string>}
 */
async function hashFile(path) {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
  return hash.digest('hex');
}
