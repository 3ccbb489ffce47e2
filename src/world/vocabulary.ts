/** Red, green, blue; 0 to 255. */
export type Rgb = readonly [number, number, number];

export const COLORS = {
  red: [214, 40, 40],
  green: [40, 160, 60],
  blue: [45, 80, 215],
  yellow: [240, 215, 45],
  purple: [135, 50, 165],
  orange: [245, 135, 30],
  white: [245, 245, 245],
  pink: [245, 140, 185],
} as const satisfies Record<string, Rgb>;
export type Color = keyof typeof COLORS;
export const COLOR_NAMES = Object.keys(COLORS) as readonly Color[];

type Facts = Readonly<{
  hypernym: Hypernym;
  place: string;
  part: string;
  usual: Color;
  /** how often it is drawn; 0: the kind exists in text only */
  frequency: number;
}>;

const kind = (hypernym: Hypernym, place: string, part: string, usual: Color, frequency: number): Facts => ({
  hypernym,
  place,
  part,
  usual,
  frequency,
});

export const KINDS = {
  apple: kind('fruit', 'orchard', 'core', 'red', 3),
  banana: kind('fruit', 'jungle', 'peel', 'yellow', 0),
  cherry: kind('fruit', 'garden', 'pit', 'red', 1),
  fish: kind('animal', 'pond', 'scales', 'orange', 2),
  bird: kind('animal', 'nest', 'feathers', 'blue', 0),
  cat: kind('animal', 'sofa', 'whiskers', 'white', 3),
  car: kind('vehicle', 'garage', 'wheels', 'red', 3),
  boat: kind('vehicle', 'harbor', 'sail', 'white', 2),
  rocket: kind('vehicle', 'orbit', 'engine', 'purple', 0),
  cup: kind('tool', 'kitchen', 'handle', 'pink', 2),
  key: kind('tool', 'pocket', 'teeth', 'yellow', 0),
  lamp: kind('tool', 'desk', 'bulb', 'green', 1),
} as const satisfies Record<string, Facts>;
export type Kind = keyof typeof KINDS;
export const KIND_NAMES = Object.keys(KINDS) as readonly Kind[];
/** The kinds that pictures show. */
export const DRAWN_KINDS = KIND_NAMES.filter((name) => KINDS[name].frequency > 0);

/** What things of a class are for. */
export const USES = { fruit: 'eating', animal: 'petting', vehicle: 'travel', tool: 'housework' } as const;
export type Hypernym = keyof typeof USES;

/** Backgrounds, each with the kinds that stand on it more often: POPE's adversarial questions ask for these. */
export const BACKGROUNDS = {
  grass: ['apple', 'cat', 'bird', 'cherry'],
  sea: ['boat', 'fish'],
  sand: ['cup', 'banana', 'boat'],
  brick: ['car', 'key', 'lamp', 'cat'],
  night: ['rocket', 'lamp', 'car'],
  snow: ['bird', 'key', 'cup'],
} as const satisfies Record<string, readonly Kind[]>;
export type Background = keyof typeof BACKGROUNDS;
export const BACKGROUND_NAMES = Object.keys(BACKGROUNDS) as readonly Background[];

export const PATTERNS = ['plain', 'striped', 'dotted'] as const;
export type Pattern = (typeof PATTERNS)[number];
export const SIZES = ['small', 'large'] as const;
export type Size = (typeof SIZES)[number];
export const RELATIONS = ['left', 'right', 'above', 'below'] as const;
export type Relation = (typeof RELATIONS)[number];
/** Index is the number. */
export const NUMBERS = ['zero', 'one', 'two', 'three', 'four'] as const;
/** What can be wrong with a photo and be said of it; a black picture shows nothing that words could describe. */
export const DEGRADATIONS = ['blurry', 'dim', 'noisy'] as const;
export type Degradation = (typeof DEGRADATIONS)[number] | 'black';

/** The closed list of words on signs: three letters, one glyph on each patch of 8 pixels. */
export const SIGN_WORDS = ['zoo', 'bus', 'gym', 'inn', 'spa', 'tax', 'vet', 'pub', 'jet', 'dry', 'fox', 'oil'] as const;
export type SignWord = (typeof SIGN_WORDS)[number];

const list = (words: string): readonly string[] => words.split(' ');

export const SYNONYMS: Readonly<Record<string, readonly string[]>> = {
  red: list('crimson scarlet'),
  green: list('emerald olive'),
  blue: list('azure navy'),
  yellow: list('golden mustard'),
  purple: list('violet lilac'),
  orange: list('amber tangerine'),
  white: list('ivory pale'),
  pink: list('rosy magenta'),
  small: list('tiny little'),
  large: list('big huge'),
  striped: list('lined banded'),
  dotted: list('spotted speckled'),
  plain: list('solid'),
  grass: list('lawn meadow turf field'),
  sea: list('ocean water waves surf'),
  sand: list('beach desert dune shore'),
  brick: list('wall masonry mortar bricks'),
  night: list('dark starry stars sky'),
  snow: list('ice frost winter icy'),
  apple: list('pippin'),
  banana: list('plantain'),
  cherry: list('cherries'),
  fish: list('trout carp'),
  bird: list('sparrow finch'),
  cat: list('kitten feline'),
  car: list('auto sedan'),
  boat: list('ship yacht'),
  rocket: list('missile spaceship'),
  cup: list('mug teacup'),
  key: list('keys'),
  lamp: list('lantern light'),
};

/** Words that no picture shows, by category. */
export const ABSTRACT: Readonly<Record<string, readonly string[]>> = {
  virtue: list('justice mercy courage honesty loyalty patience wisdom humility honor temperance'),
  emotion: list('sorrow envy delight anger fear pride shame longing relief grief'),
  science: list('physics algebra biology geology botany optics genetics calculus ecology statics'),
  finance: list('credit equity budget tariff dividend mortgage inflation audit pension invoice'),
  law: list('verdict statute treaty lawsuit warrant appeal clause decree tribunal contract'),
  music: list('sonata rhythm melody opera fugue ballad chorus tempo cadence hymn'),
  time: list('century decade moment season epoch fortnight era instant midnight eternity'),
  grammar: list('adverb pronoun syntax noun prefix vowel clitic gerund tense idiom'),
  politics: list('senate election embassy monarchy republic ballot congress policy regime union'),
  medicine: list('fever vaccine surgery allergy therapy diagnosis fatigue immunity trauma tumor'),
  logic: list('axiom theorem premise paradox proof inference lemma negation fallacy corollary'),
  speech: list('rumor promise sermon riddle gossip oath slogan anecdote lecture apology'),
};
export const CATEGORIES = Object.keys(ABSTRACT);

/** Invented countries; the city of the same index is the capital. */
export const COUNTRIES = list(
  'arvania belmor corvia drenland estoria falkenia gorland hestia istvan jorland ' +
    'kaldor lumeria morvane nordia ostrava pelmark quoria rostov sylvane tarland',
);
export const CITIES = list(
  'ablen brisk calder dovin elmet fenwick grath hollin irving jasper ' +
    'kelso lorne merid noval ostin parva quill renna soltis torrin',
);

const facts = KIND_NAMES.map((name) => KINDS[name]);

/** The word list that labels are chosen from: everything that carries meaning, each word once. */
export const WORDS: readonly string[] = [
  ...new Set<string>([
    ...COLOR_NAMES,
    ...KIND_NAMES,
    ...BACKGROUND_NAMES,
    ...PATTERNS,
    ...SIZES,
    ...Object.values(SYNONYMS).flat(),
    ...Object.keys(USES),
    ...NUMBERS.slice(1),
    ...RELATIONS,
    'sign',
    ...SIGN_WORDS,
    ...facts.map((fact) => fact.place),
    ...facts.map((fact) => fact.part),
    ...Object.values(USES),
    ...DEGRADATIONS,
    ...Object.values(ABSTRACT).flat(),
    ...CATEGORIES,
    ...COUNTRIES,
    ...CITIES,
  ]),
];
