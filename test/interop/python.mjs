import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { userCache } from '../../dist/setup/paths.mjs';
import { findPython } from '../../dist/setup/programs.mjs';

const PACKAGES = ['torch', 'transformers>=5,<6', 'safetensors', 'pillow'];

const LIST = `${PACKAGES.join('\n')}\n`;

/**
 * `command`: a Python that has torch, transformers and safetensors; or `missing`: why there is none. It is SEA_PYTHON, else
 * an environment in the user's cache folder. `install` makes that one (several GB, a few minutes): with `asked` a failure
 * is an error, with `try` it is what is missing.
 */
export async function findTransformers(install) {
  const asked = process.env['SEA_PYTHON'];
  if (asked !== undefined && asked !== '') {
    if (canImport(asked)) return { command: asked };
    throw new Error(`SEA_PYTHON is ${asked}, which cannot import torch, transformers and safetensors`);
  }
  const folder = join(userCache(), 'python');
  const python = join(folder, 'bin', 'python');
  if (isComplete(folder, install) && canImport(python)) return { command: python };
  const base = await findPython();
  if (base === undefined) return { missing: 'there is no Python 3 here' };
  if (install === 'no') {
    const how =
      'npm run test:interop -- --install fetches them (several GB), or SEA_PYTHON names a Python that has them';
    return { missing: `Python's torch, transformers and safetensors are not installed in ${folder}; ${how}` };
  }
  const failure = makeEnvironment(base.command, folder, python);
  if (failure === undefined) return { command: python };
  if (install === 'asked') throw new Error(failure);
  return { missing: failure };
}

/** An environment that was made for fewer packages serves where none is to be installed. */
function isComplete(folder, install) {
  const mark = join(folder, 'complete');
  return existsSync(mark) && (install === 'no' || readFileSync(mark, 'utf8') === LIST);
}

/** What went wrong, if anything did. */
function makeEnvironment(base, folder, python) {
  rmSync(folder, { recursive: true, force: true });
  for (const [command, ...args] of [
    [base, '-m', 'venv', folder],
    [python, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...PACKAGES],
  ]) {
    process.stdout.write(`${[command, ...args].join(' ')}\n`);
    const ended = spawnSync(command, args, { stdio: 'inherit' });
    if (ended.status !== 0) return `${command} ${args.slice(0, 3).join(' ')} ended with ${ended.status ?? ended.error}`;
  }
  if (!canImport(python)) return `${python} cannot import what pip installed`;
  writeFileSync(join(folder, 'complete'), LIST);
  return undefined;
}

function canImport(python) {
  const script = 'import torch, transformers, safetensors.torch';
  return spawnSync(python, ['-c', script], { stdio: 'ignore' }).status === 0;
}
