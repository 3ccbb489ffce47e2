// @ts-check
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/**
 * Writes the validators of all stage kinds as programs: loading Ajv and compiling their schemas would cost every
 * command 40 ms and more. Only after the rest of `output` was built.
 * @param {string} output
 */
export async function writeValidators(output) {
  const [{ Ajv2020 }, { default: standalone }, { validatorFile, validatorOptions }, { kinds }] = await Promise.all([
    import('ajv/dist/2020.js'),
    import('ajv/dist/standalone/index.js'),
    import(pathToFileURL(join(output, 'spec', 'validator.js')).href),
    import(pathToFileURL(join(output, 'stages', 'kinds.js')).href),
  ]);
  const folder = join(output, 'spec');
  rmSync(join(folder, 'validators'), { recursive: true, force: true });
  mkdirSync(join(folder, 'validators'));
  for (const { params } of kinds) {
    const ajv = new Ajv2020({ ...validatorOptions, code: { source: true } });
    writeFileSync(join(folder, validatorFile(params)), standalone.default(ajv, ajv.compile(params)));
  }
}
