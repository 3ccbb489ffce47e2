import { type Entry, relation, type Scene } from '../../src/world/scene.ts';
import { KINDS, type Kind, NUMBERS, type Relation } from '../../src/world/vocabulary.ts';

/** Answers a question from its text and the scene alone, sharing no code with what asked it. */
export function oracle(text: string, scene: Scene): string {
  const entry = (kind: string | undefined): Entry | undefined => scene.entries.find((each) => each.kind === kind);
  const colored = (color: string | undefined): Entry => {
    const found = scene.entries.filter((each) => each.color === color);
    if (found.length !== 1 || !found[0]) throw new Error(`${found.length} things are ${color}`);
    return found[0];
  };
  const yesNo = (is: boolean): string => (is ? 'yes' : 'no');
  const rules: readonly (readonly [RegExp, (...words: string[]) => string | undefined])[] = [
    [/^what (color|size) is the (\w+)$/, (what, kind) => entry(kind)?.[what as 'color' | 'size'] ?? 'unanswerable'],
    [/^what pattern has the (\w+)$/, (kind) => entry(kind)?.pattern ?? 'unanswerable'],
    [/^how many (\w+)$/, (kind) => NUMBERS[entry(kind)?.cells.length ?? 0]],
    [/^where is this$/, () => scene.background],
    [/^what is the (\w+) thing$/, (color) => colored(color).kind],
    [/^(?:what|which) .* sign(?: say)?$/, () => scene.sign?.word],
    [/^is there an? (\w+)$/, (kind) => yesNo(entry(kind) !== undefined)],
    [
      /^is the (\w+) (left of|right of|above|below) the (\w+)$/,
      (a, side, b) => yesNo(sideOf(entry(a), entry(b)) === plain(side)),
    ],
    [/^where is the (\w+) from the (\w+)$/, (a, b) => sideOf(entry(a), entry(b))],
    [/^what is (left of|right of|above|below) the (\w+)$/, (side, kind) => only(scene, plain(side), entry(kind))],
    [/^is the (\w+) (\w+) or (\w+)$/, (kind) => entry(kind)?.color],
    [
      /^is the (\w+) (\w+) (\w+)$/,
      (size, kind, color) => yesNo(entry(kind)?.size === size && entry(kind)?.color === color),
    ],
    [/^the (\w+) thing is found in the$/, (color) => KINDS[colored(color).kind].place],
    [/^the (\w+) thing has a$/, (color) => KINDS[colored(color).kind].part],
    [
      /^describe the (\w+) and the place$/,
      (kind) => told(entry(kind), ['size', 'color', 'kind'], `on ${scene.background}`),
    ],
    [/^describe the (\w+) and the sign$/, (kind) => told(entry(kind), ['color', 'kind'], scene.sign?.word)],
    [
      /^describe the (\w+)$/,
      (kind) => `${NUMBERS[entry(kind)?.cells.length ?? 0]} ${told(entry(kind), ['size', 'color', 'pattern', 'kind'])}`,
    ],
  ];
  for (const [pattern, answer] of rules) {
    const match = pattern.exec(text);
    const answered = match && answer(...match.slice(1));
    if (answered) return answered;
  }
  throw new Error(`cannot answer "${text}"`);
}

const plain = (side: string | undefined): Relation => side?.split(' ')[0] as Relation;

function sideOf(a: Entry | undefined, b: Entry | undefined): Relation | undefined {
  return a && b && relation(a, b);
}

function only(scene: Scene, side: Relation, of: Entry | undefined): Kind | undefined {
  const there = scene.entries.filter((entry) => entry !== of && sideOf(entry, of) === side);
  return there.length === 1 ? there[0]?.kind : undefined;
}

function told(
  entry: Entry | undefined,
  parts: readonly ('size' | 'color' | 'pattern' | 'kind')[],
  more?: string,
): string {
  return [...parts.map((part) => entry?.[part]), ...(more ? [more] : [])].join(' ');
}
