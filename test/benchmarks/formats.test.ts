import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inflateRawSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { imageFinder } from '../../src/benchmarks/images.ts';
import { readJsonArray } from '../../src/benchmarks/json-array.ts';
import { readJson, shape } from '../../src/benchmarks/json-file.ts';
import { extractOption } from '../../src/benchmarks/mmbench/extract.ts';
import { fitShots } from '../../src/benchmarks/mmlu/prompt.ts';
import { referenceScore } from '../../src/benchmarks/mmvet/score.ts';
import { decide } from '../../src/benchmarks/pope/score.ts';
import { extractLetter } from '../../src/benchmarks/scienceqa/score.ts';
import { readRows, typeColumn } from '../../src/benchmarks/table-file.ts';
import { workbook } from '../../src/benchmarks/xlsx.ts';
import { ProblemError } from '../../src/problem.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'formats-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function put(name: string, text: string): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, text);
  return file;
}

const people = shape({
  type: 'array',
  items: { type: 'object', required: ['name'], properties: { name: { type: 'string' } } },
} as const);

describe('a JSON file', () => {
  it.each([
    ['[{"name": "a"},\n {"name": "b",}]', 2],
    ['[{"name": "a"}\n\n', 3],
    ['[\n{"name": 1}]', 2],
    ['[{"name": "a"},\n{"nam": "b"}]', 2],
    ['\n\n[{"name": "a"}] x', 3],
    ['', 1],
  ])('that is wrong stops at its line: %j', async (text, line) => {
    const file = await put('people.json', text);
    const error = await readJson(file, people).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ProblemError);
    expect((error as ProblemError).problems[0]?.at).toMatchObject({ file, line });
  });

  it('that is missing is named', async () => {
    await expect(readJson(join(folder, 'none.json'), people)).rejects.toThrow(/no such file: .*none\.json/);
  });

  it('with one big list is read an element at a time', async () => {
    const any = shape({ type: 'object' } as const);
    const element = shape({ type: 'object', required: ['n'], properties: { n: { type: 'integer' } } } as const);
    const text =
      '{"list": "no", "other": {"list": [{"n": 0}]},\n "list": [{"n": 1, "s": "}]\\"{"}, {"n": 2, "in": [{}]}],\n "end": 3}';
    const { head, elements } = await readJsonArray(await put('big.json', text), 'list', any, element);
    expect(head).toMatchObject({ end: 3 });
    expect(Array.from(elements(), ({ n }) => n)).toEqual([1, 2]);
    const broken = await readJsonArray(
      await put('bad.json', '{"list": [{"n": 1},\n{"n": "x"}]}'),
      'list',
      any,
      element,
    );
    expect(() => [...broken.elements()]).toThrow(/must be integer/);
  });
});

describe('a table', () => {
  it('keeps quotes, newlines and outer spaces, and skips blank lines', async () => {
    const file = await put('t.csv', '"a ""b""\nc", d ,1\r\n\n  \nx,y,2\n');
    expect(await readRows(file, ',')).toEqual([
      { cells: ['a "b"\nc', ' d ', '1'], line: 1 },
      { cells: ['x', 'y', '2'], line: 5 },
    ]);
    await expect(readRows(await put('open.csv', 'a,b\n"c,d\n'), ',')).rejects.toThrow(/never closes/);
  });

  it.each([
    [
      ['007', '12'],
      ['7', '12'],
    ],
    [
      ['2.50', '3'],
      ['2.5', '3.0'],
    ],
    [
      ['1e3', '1'],
      ['1000.0', '1.0'],
    ],
    [
      ['3\n', ''],
      ['3.0', null],
    ],
    [
      ['None', 'red'],
      [null, 'red'],
    ],
    [
      ['true', 'FALSE'],
      ['True', 'False'],
    ],
    [
      ['5', 'five'],
      ['5', 'five'],
    ],
    [
      ['99999999999999999999999', '1'],
      ['99999999999999999999999', '1'],
    ],
    [
      ['-9223372036854775809', '1.5'],
      ['-9.223372036854778e+18', '1.5'],
    ],
    [
      ['123456789012345678901.5', '1'],
      ['123456789012345678901.5', '1'],
    ],
    [
      ['-0.0', ' 2'],
      ['-0.0', '2.0'],
    ],
  ])('prints the column %j as pandas does', (raw, printed) => {
    expect(typeColumn(raw).cells).toEqual(printed);
  });
});

describe('rules for finding the answer', () => {
  const options = new Map([
    ['A', 'man'],
    ['B', 'woman'],
  ]);

  it.each([
    ['B.', 'B', 'B', 'B'],
    ['A man', 'A', 'A', 'A'],
    ['woman', undefined, undefined, undefined],
    ['Z', undefined, 'Z', 'Z'],
    ['C', 'C', undefined, undefined],
    ["I can't process this file.", 'E', 'Z', 'Z'],
    ['A is what I would say to you', 'A', 'A', undefined],
    ['The answer is **b** as everybody can see here now', undefined, undefined, 'B'],
    ['the answer \u0131s A as all of us can see', 'A', 'A', 'A'],
    ['Failed to obtain answer via API man', 'A', 'A', undefined],
  ])('MMBench: %j', (answer, first, second, head) => {
    expect(extractOption(answer, options, 'vlmevalkit_2023_11')).toBe(first);
    expect(extractOption(answer, options, 'vlmevalkit_2024_06')).toBe(second);
    expect(extractOption(answer, options, 'vlmevalkit_head')).toBe(head);
  });

  it.each([
    ['B', 'B'],
    ['B.', 'FAILED'],
    ['A. cork', 'A'],
    ['(A)', 'FAILED'],
    ['The answer is B!', 'B'],
    ['The answer is A', 'FAILED'],
    ['The answer is A\n', 'FAILED'],
    ['The answer is A\r', 'A'],
    ['The answer is BC', 'B'],
    ['The answer is A. The answer is B.', 'FAILED'],
  ])('ScienceQA: %j', (text, letter) => {
    expect(extractLetter(text)).toBe(letter);
  });

  it.each([
    ['No, there is not.', 'no'],
    ['NO', 'yes'],
    ['no\tone', 'yes'],
    ['3.5 no', 'yes'],
    ['n,o', 'no'],
    ['I do not see it', 'no'],
    ['', 'yes'],
  ])('POPE: %j', (text, decision) => {
    expect(decide(text)).toBe(decision);
  });

  it.each([
    ['red<AND>cup', 'a red cup', 1],
    ['red<AND>blue cup', 'red and blue', 0.5],
    ['apple<OR>pear', 'It is a PEAR.', 1],
    ['two small red cups', 'small cups', 0.5],
    ['-1<AND>-5', 'x = -5', 0.5],
    ['man', 'woman', 0],
  ])('MM-Vet without a judge: %j in %j', (reference, answer, score) => {
    expect(referenceScore(reference, answer)).toBe(score);
  });
});

it('MMLU drops examples from the end until the prompt fits', () => {
  const shots = { head: 'head ', examples: ['one ', 'two ', 'three '] };
  const words = (text: string): number => text.split(' ').length;
  expect(fitShots(shots, 'item', words, 4)).toBe('head one two item');
  expect(fitShots(shots, 'item', words, 1)).toBe('head item');
});

it('an image is found as .png where the official name says .jpg', async () => {
  await mkdir(join(folder, 'images', 'test'), { recursive: true });
  await writeFile(join(folder, 'images', 'test', 'x.png'), '');
  const image = await imageFinder(folder);
  expect(image('test/x.jpg')).toEqual({ name: 'test/x.png', path: join(folder, 'images', 'test/x.png') });
  expect(image('gone.jpg')).toEqual({ name: 'gone.jpg', path: join(folder, 'images', 'gone.jpg') });
});

it('a workbook holds texts, numbers and empty cells', () => {
  const bytes = Buffer.from(
    workbook('Sheet1', [
      ['index', 'a<b>&"'],
      [7, null, ' x\ny '],
    ]),
  );
  const sheet = unzip(bytes).get('xl/worksheets/sheet1.xml') ?? '';
  expect(sheet).toContain(
    '<c r="A2"><v>7</v></c><c r="C2" t="inlineStr"><is><t xml:space="preserve"> x\ny </t></is></c>',
  );
  expect(sheet).toContain('a&lt;b&gt;&amp;&quot;');
});

/** Files of a ZIP archive, found by its central directory. */
function unzip(bytes: Buffer): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  let at = bytes.readUInt32LE(bytes.length - 22 + 16);
  while (bytes.readUInt32LE(at) === 0x02014b50) {
    const size = bytes.readUInt32LE(at + 20);
    const nameLength = bytes.readUInt16LE(at + 28);
    const name = bytes.toString('utf8', at + 46, at + 46 + nameLength);
    const start = bytes.readUInt32LE(at + 42);
    const data = start + 30 + bytes.readUInt16LE(start + 26) + bytes.readUInt16LE(start + 28);
    files.set(name, inflateRawSync(bytes.subarray(data, data + size)).toString());
    at += 46 + nameLength;
  }
  return files;
}
