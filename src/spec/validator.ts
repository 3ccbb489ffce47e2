import { createRequire } from 'node:module';
import type { Ajv2020, Options, ValidateFunction } from 'ajv/dist/2020.js';
import { sha256 } from '../hash.ts';
import type { AnyKind, ParamsSchema } from '../stages/kind.ts';

/** Schemas are ours: a test checks them against the meta-schema, so that it need not be compiled in every process. */
export const validatorOptions: Options = {
  allErrors: true,
  verbose: true,
  useDefaults: true,
  strict: false,
  meta: false,
  validateSchema: false,
  logger: false,
  formats: { path: true },
};

const require = createRequire(import.meta.url);
const validators = new WeakMap<AnyKind, ValidateFunction>();

/** What Ajv makes of a kind's schema: as the build wrote it out where it knew that schema (40 ms sooner), else made here. */
export function validatorOf(kind: AnyKind): ValidateFunction {
  const known = validators.get(kind);
  if (known !== undefined) return known;
  const made = prepared(kind.params) ?? compiled(kind.params);
  validators.set(kind, made);
  return made;
}

/** Where the build writes the validator of a schema, from this folder: named by its content, so that it is never stale. */
export function validatorFile(schema: ParamsSchema): string {
  return `./validators/${sha256(JSON.stringify(schema)).slice(0, 32)}.cjs`;
}

function prepared(schema: ParamsSchema): ValidateFunction | undefined {
  try {
    return require(validatorFile(schema)) as ValidateFunction;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}

let ajv: Ajv2020 | undefined;

function compiled(schema: ParamsSchema): ValidateFunction {
  const { Ajv2020 } = require('ajv/dist/2020.js') as typeof import('ajv/dist/2020.js');
  ajv ??= new Ajv2020(validatorOptions);
  return ajv.compile(schema);
}
