import type { Random } from '../../data/random.ts';
import { sidePhrase } from '../caption.ts';
import type { Question } from '../question.ts';
import { type Entry, relation, type Scene } from '../scene.ts';
import { COLOR_NAMES, type Relation } from '../vocabulary.ts';

/** A step of GQA's functional program; it depends on the step before it. */
export type Operation = Readonly<{ operation: string; argument: string }>;

export type RelationQuestion = Question &
  Readonly<{
    structural: 'query' | 'verify' | 'choose';
    semantic: 'rel' | 'attr';
    operations: readonly Operation[];
  }>;

type Pair = Readonly<{ a: Entry; b: Entry; side: Relation }>;

const OPPOSITE: Readonly<Record<Relation, Relation>> = { left: 'right', right: 'left', above: 'below', below: 'above' };

/** GQA: where two things stand to each other, or what one of them looks like. */
export function relationQuestion(scene: Scene, random: Random): RelationQuestion | undefined {
  const pairs = sides(scene);
  if (pairs.length === 0) return undefined;
  const pair = random.pick(pairs);
  switch (random.int(4)) {
    case 0:
      return verifySide(pair, random.chance(0.5));
    case 1:
      return querySide(scene, pair);
    case 2:
      return verifyColor(pair.a, random);
    default:
      return chooseColor(pair.a, random);
  }
}

/** Every ordered pair of single things of which one is clearly to one side of the other. */
function sides(scene: Scene): Pair[] {
  return scene.entries.flatMap((a) =>
    scene.entries.flatMap((b) => {
      const side = a === b ? undefined : relation(a, b);
      return side ? [{ a, b, side }] : [];
    }),
  );
}

function verifySide({ a, b, side }: Pair, yes: boolean): RelationQuestion {
  const asked = yes ? side : OPPOSITE[side];
  return {
    text: `is the ${a.kind} ${sidePhrase(asked)} the ${b.kind}`,
    answer: yes ? 'yes' : 'no',
    topic: 'relVerify',
    structural: 'verify',
    semantic: 'rel',
    operations: [select(b), { operation: 'verify rel', argument: `${a.kind},${sidePhrase(asked)},s` }],
  };
}

/** "what is left of the cat" where just one thing is, and all things are single; else "where is the cup from the cat". */
function querySide(scene: Scene, { a, b, side }: Pair): RelationQuestion {
  const there = scene.entries.filter((entry) => entry !== b && relation(entry, b) === side);
  const clear = there.length === 1 && scene.entries.every((entry) => entry.cells.length === 1);
  const query = { structural: 'query', semantic: 'rel' } as const;
  if (!clear) {
    return {
      ...query,
      text: `where is the ${a.kind} from the ${b.kind}`,
      answer: side,
      topic: 'where',
      operations: [select(a), { operation: 'query', argument: `position,${b.kind}` }],
    };
  }
  return {
    ...query,
    text: `what is ${sidePhrase(side)} the ${b.kind}`,
    answer: a.kind,
    topic: 'relO',
    operations: [select(b), { operation: 'relate', argument: `_,${sidePhrase(side)},s` }, queryOf('name')],
  };
}

function verifyColor(entry: Entry, random: Random): RelationQuestion {
  const yes = random.chance(0.5);
  const color = yes ? entry.color : otherColor(entry, random);
  return {
    text: `is the ${entry.size} ${entry.kind} ${color}`,
    answer: yes ? 'yes' : 'no',
    topic: 'verifyAttr',
    structural: 'verify',
    semantic: 'attr',
    operations: [select(entry), { operation: 'verify color', argument: color }],
  };
}

function chooseColor(entry: Entry, random: Random): RelationQuestion {
  const [one, other] = random.shuffle([entry.color, otherColor(entry, random)]);
  return {
    text: `is the ${entry.kind} ${one} or ${other}`,
    answer: entry.color,
    topic: 'chooseAttr',
    structural: 'choose',
    semantic: 'attr',
    operations: [select(entry), { operation: 'choose color', argument: `${one}|${other}` }],
  };
}

function otherColor(entry: Entry, random: Random): string {
  return random.pick(COLOR_NAMES.filter((color) => color !== entry.color));
}

const select = (entry: Entry): Operation => ({ operation: 'select', argument: entry.kind });
const queryOf = (argument: string): Operation => ({ operation: 'query', argument });
