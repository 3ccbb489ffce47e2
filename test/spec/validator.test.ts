import { createRequire } from 'node:module';
import { Ajv2020 } from 'ajv/dist/2020.js';
import standalone from 'ajv/dist/standalone/index.js';
import { expect, test } from 'vitest';
import { validatorFile, validatorOf, validatorOptions } from '../../src/spec/validator.ts';
import type { AnyKind } from '../../src/stages/kind.ts';
import { kinds } from '../../src/stages/kinds.ts';

const require = createRequire(import.meta.url);

/** The program that the build writes for a kind. */
function written({ params }: AnyKind): ReturnType<typeof validatorOf> {
  const ajv = new Ajv2020({ ...validatorOptions, code: { source: true } });
  const module = { exports: {} };
  new Function('module', 'exports', 'require', standalone.default(ajv, ajv.compile(params)))(
    module,
    module.exports,
    require,
  );
  return module.exports as ReturnType<typeof validatorOf>;
}

const wrong: readonly unknown[] = [
  {},
  { seed: 'one', steps: 0.5, nonsense: true },
  { outputs: [], run: '' },
  { align: { weight: -1, windw: 2 }, trainable: 'projector' },
  { make: 'pairs', images: 'many' },
];

test('A written validator fills in the same defaults and finds the same mistakes as the schema of its kind.', () => {
  let mistakes = 0;
  for (const kind of kinds) {
    const program = written(kind);
    const schema = validatorOf(kind);
    for (const params of wrong) {
      const [one, other] = [structuredClone(params), structuredClone(params)];
      expect(program(one)).toBe(schema(other));
      expect(one).toEqual(other);
      expect(program.errors).toEqual(schema.errors);
      mistakes += schema.errors?.length ?? 0;
    }
  }
  expect(mistakes).toBeGreaterThan(kinds.length);
});

test('The build writes a validator for every kind under the name by which it is looked for.', () => {
  for (const { params } of kinds) {
    const file = require.resolve(`../../dist/spec/${validatorFile(params)}`);
    expect(require(file)).toBeTypeOf('function');
  }
});

test('Another schema has another validator.', () => {
  const names = kinds.map(({ params }) => validatorFile(params));
  expect(new Set(names).size).toBe(names.length);
  expect(validatorFile({ ...(kinds[0] as AnyKind).params, title: 'changed' })).not.toBe(names[0]);
});
