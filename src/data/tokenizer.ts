import { join } from 'node:path';
import { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers';
import { ProblemError, suggest } from '../problem.ts';
import { charsmapNormalizer } from './charsmap.ts';
import { readJsonFile } from './json-file.ts';
import { inTime, isQuick, patternsIn } from './patterns.ts';

/** Text to token ids and back, as the checkpoint's tokenizer.json has it. */
export interface Tokenizer {
  /** `special` adds what the model expects around a text (BOS, ...); special tokens inside the text always count */
  encode(text: string, options?: Readonly<{ special?: boolean }>): number[];
  decode(ids: readonly number[], options?: Readonly<{ skipSpecial?: boolean }>): string;
  /** one more than the highest id */
  readonly vocabSize: number;
  /** the id of a token that must exist; throws ProblemError naming the file and the nearest token */
  idOf(token: string): number;
  has(token: string): boolean;
  /** the token of an id that text may turn into; undefined for a special token's, or where the id has none */
  ordinary(id: number): string | undefined;
  readonly bos?: number;
  readonly eos?: number;
  readonly pad?: number;
  readonly unk?: number;
  /** the longest text in tokens that tokenizer_config.json states */
  readonly maxLength?: number;
}

/** The tokenizer of a Hugging Face folder: tokenizer.json, and tokenizer_config.json for what its tokens mean. */
export async function loadTokenizer(folder: string): Promise<Tokenizer> {
  const file = join(folder, 'tokenizer.json');
  const [json, config, map] = await Promise.all([
    readObject(file),
    readObject(join(folder, 'tokenizer_config.json'), {}),
    readObject(join(folder, 'special_tokens_map.json'), {}),
  ]);
  return makeTokenizer(json, { ...map, ...config }, file);
}

type JsonObject = Readonly<Record<string, unknown>>;

/** What is used of the library, whose own declarations do not resolve under Node's rules for modules. */
type Library = Readonly<{
  encode(text: string, options: { add_special_tokens: boolean }): { ids: number[] };
  decode(ids: number[], options: { skip_special_tokens: boolean; clean_up_tokenization_spaces: boolean }): string;
  id_to_token(id: number): string | undefined;
  get_vocab(withAddedTokens: boolean): Map<string, number>;
  get_added_tokens_decoder(): Map<number, { content: string; special: boolean }>;
  model: { _call(pieces: readonly string[]): string[] };
  decoder: unknown;
  normalizer: unknown;
}>;

/** `config` names the special tokens (`bos_token`, ...); `file` appears in messages. */
export function makeTokenizer(json: JsonObject, config: JsonObject, file: string): Tokenizer {
  const library = open(json, config, file);
  const ids = library.get_vocab(true);
  const added = library.get_added_tokens_decoder();
  const role = (name: string): number | undefined => {
    const token = contentOf(config[`${name}_token`]);
    return token === undefined ? undefined : ids.get(token);
  };
  const roles = { bos: role('bos'), eos: role('eos'), pad: role('pad'), unk: role('unk') };
  const { model_max_length: maxLength } = config;
  const idOf = (token: string): number => {
    const id = ids.get(token);
    if (id === undefined) {
      const specials = [...added.values()].map(({ content }) => content);
      throw bad(`${file}: there is no token "${token}"`, suggest(token, specials));
    }
    return id;
  };
  /** some mistakes of a file show only when it is used */
  const mayHang = !patternsIn(json).every(isQuick);
  const guarded = <T>(size: number, work: () => T): T => {
    try {
      return mayHang ? inTime(size, work) : work();
    } catch (error) {
      throw bad(`${file}: not a tokenizer that can be used: ${(error as Error).message}`);
    }
  };
  let vocabSize = 0;
  for (const id of ids.values()) vocabSize = Math.max(vocabSize, id + 1);
  return {
    encode: remembering((text, { special = true } = {}) =>
      guarded(text.length, () => library.encode(text, { add_special_tokens: special }).ids),
    ),
    decode: (list, { skipSpecial = false } = {}) => {
      // a model's vocabulary may be padded beyond its tokenizer; such ids are nothing
      const known = list.filter((id) => library.id_to_token(id) !== undefined);
      if (known.length === 0) return '';
      return guarded(known.length, () =>
        library.decode(known, { skip_special_tokens: skipSpecial, clean_up_tokenization_spaces: false }),
      );
    },
    vocabSize,
    idOf,
    has: (token) => ids.has(token),
    ordinary: (id) => (added.get(id)?.special === true ? undefined : library.id_to_token(id)),
    ...(Object.fromEntries(Object.entries(roles).filter(([, id]) => id !== undefined)) as Partial<Tokenizer>),
    ...(typeof maxLength === 'number' && maxLength < 1e9 ? { maxLength } : {}),
  };
}

/** Texts up to this length, so many of them: some 30 MB. */
const REMEMBERED = { characters: 256, texts: 2 ** 16 };

/** Conversations repeat their parts (a template's beginning, a common question), and are read part by part. */
function remembering(encode: Tokenizer['encode']): Tokenizer['encode'] {
  const known = { true: new Map<string, readonly number[]>(), false: new Map<string, readonly number[]>() };
  return (text, { special = true } = {}) => {
    if (text.length > REMEMBERED.characters) return encode(text, { special });
    const seen = known[`${special}`];
    const found = seen.get(text);
    if (found !== undefined) return [...found];
    const ids = encode(text, { special });
    if (seen.size < REMEMBERED.texts) seen.set(text, [...ids]);
    return ids;
  };
}

const contentOf = (token: unknown): string | undefined =>
  typeof token === 'string' ? token : (token as { content?: string } | null | undefined)?.content;

function open(json: JsonObject, config: JsonObject, file: string): Library {
  try {
    checkIds(json);
    // these keys make the library alter texts on its own; tokenizer.json alone is authoritative
    const mended = {
      ...json,
      normalizer: unicodeSpaces(json['normalizer'] ?? null),
      pre_tokenizer: unicodeSpaces(json['pre_tokenizer'] ?? null),
    };
    const library: Library = new HuggingFaceTokenizer(mended, {
      ...config,
      remove_space: false,
      do_lowercase_and_remove_accent: false,
    });
    mendModel(library);
    mendDecoder(library.decoder);
    mendNormalizer(library.normalizer);
    return library;
  } catch (error) {
    throw bad(`${file}: not a tokenizer that can be read: ${(error as Error).message}`);
  }
}

/** No vocabulary is as large; the library makes a list up to the highest id. */
const MAX_ID = 1 << 22;

function checkIds(json: JsonObject): void {
  const isId = (id: unknown): boolean => Number.isInteger(id) && (id as number) >= 0 && (id as number) < MAX_ID;
  const vocab = (json['model'] as { vocab?: unknown } | null | undefined)?.vocab;
  if (typeof vocab !== 'object' || vocab === null) throw new Error('it has no vocabulary');
  const wrong = Array.isArray(vocab) ? undefined : Object.entries(vocab).find(([, id]) => !isId(id));
  if (wrong !== undefined) throw new Error(`token ${JSON.stringify(wrong[0])} has the id ${JSON.stringify(wrong[1])}`);
  const owners = ownersOf(vocab);
  checkModel(json['model'] as JsonObject, Array.isArray(vocab) ? vocab.length : undefined);
  const added = json['added_tokens'] ?? [];
  if (!Array.isArray(added)) throw new Error('"added_tokens" must be a list');
  for (const token of added as ({ id?: unknown; content?: unknown } | null)[]) {
    if (!isId(token?.id) || typeof token?.content !== 'string' || token.content === '') {
      throw new Error(`an added token is ${JSON.stringify(token)?.slice(0, 200)}`);
    }
    own(owners, token.id as number, token.content);
  }
}

/** Tokens by id. A Unigram vocabulary is a list of pieces with their scores, whose places are the ids. */
function ownersOf(vocab: object): Map<number, string> {
  const owners = new Map<number, string>();
  if (Array.isArray(vocab)) {
    vocab.forEach(checkPiece);
    for (const [id, [piece]] of (vocab as [string, number][]).entries()) owners.set(id, piece);
  } else {
    for (const [token, id] of Object.entries(vocab)) own(owners, id as number, token);
  }
  return owners;
}

function checkPiece(entry: unknown): void {
  const [piece, score] = Array.isArray(entry) ? (entry as unknown[]) : [];
  if (typeof piece === 'string' && Number.isFinite(score)) return;
  throw new Error(`among its pieces is ${JSON.stringify(entry)?.slice(0, 200)}`);
}

/** An added token that the vocabulary has too is one token, and must have one id. */
function own(owners: Map<number, string>, id: number, token: string): void {
  const other = owners.get(id) ?? token;
  if (other !== token)
    throw new Error(`the tokens ${JSON.stringify(other)} and ${JSON.stringify(token)} share the id ${id}`);
  owners.set(id, token);
}

/** Of files without it the vocabulary tells. */
const MODELS: readonly unknown[] = ['BPE', 'Unigram', 'WordPiece', 'WordLevel', undefined];

/** `pieces`: the length of a vocabulary that is a list (Unigram). */
function checkModel({ type, merges, unk_id: unknown }: JsonObject, pieces: number | undefined): void {
  if (!MODELS.includes(type)) throw new Error(`its model is of the type ${JSON.stringify(type)}`);
  if (pieces !== undefined && unknown !== undefined && unknown !== null) {
    const isPlace = Number.isInteger(unknown) && (unknown as number) >= 0 && (unknown as number) < pieces;
    if (!isPlace) throw new Error(`"unk_id" is ${JSON.stringify(unknown)} in a vocabulary of ${pieces}`);
  }
  if (!Array.isArray(merges)) return;
  const list = Array.isArray(merges[0]);
  const wrong = merges.find((merge) => (list ? !Array.isArray(merge) : typeof merge !== 'string'));
  if (wrong !== undefined) throw new Error(`among its merges is ${JSON.stringify(wrong)?.slice(0, 200)}`);
}

type Part = { config: JsonObject; decode_chain?: (tokens: string[]) => string[]; normalize?: (text: string) => string };

/** The reference joins unknown characters within a piece of text; the library would across pieces. */
function mendModel({ model }: Library): void {
  const tokenise = model._call.bind(model);
  model._call = (pieces) => pieces.flatMap((piece) => tokenise([piece]));
}

/** The reference writes one U+FFFD for each byte of a run that is not UTF-8; the library decodes what it can. */
function mendDecoder(decoder: unknown): void {
  for (const part of parts(decoder, 'decoders')) {
    if (part.config['type'] === 'ByteFallback') part.decode_chain = decodeBytes;
  }
}

function decodeBytes(tokens: readonly string[]): string[] {
  const decoded: string[] = [];
  let run: number[] = [];
  const flush = (): void => {
    if (run.length > 0) decoded.push(utf8(run) ?? '\ufffd'.repeat(run.length));
    run = [];
  };
  for (const token of tokens) {
    const byte = /^<0x([0-9A-Fa-f]{2})>$/.exec(token)?.[1];
    if (byte !== undefined) {
      run.push(Number.parseInt(byte, 16));
    } else {
      flush();
      decoded.push(token);
    }
  }
  flush();
  return decoded;
}

function utf8(bytes: readonly number[]): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(bytes));
  } catch {
    return undefined;
  }
}

/** Where the library differs from the reference: sentencepiece's normal forms, a final sigma, what counts as space. */
function mendNormalizer(normalizer: unknown): void {
  for (const part of parts(normalizer, 'normalizers')) {
    const { type, precompiled_charsmap: map } = part.config;
    if (type === 'Precompiled' && typeof map === 'string') part.normalize = charsmapNormalizer(map);
    // character by character: JavaScript writes a sigma at the end of a word otherwise
    if (type === 'Lowercase') part.normalize = (text) => Array.from(text, (char) => char.toLowerCase()).join('');
    if (type === 'Strip') part.normalize = stripper(part.config);
  }
}

const stripper =
  ({ strip_left: left, strip_right: right }: JsonObject) =>
  (text: string): string => {
    const start = left === true ? text.replace(/^\p{White_Space}+/u, '') : text;
    return right === true ? start.replace(/\p{White_Space}+$/u, '') : start;
  };

/** `\s` of the reference is Unicode's white space; JavaScript's has U+FEFF and lacks U+0085. */
function unicodeSpaces(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unicodeSpaces);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      key === 'Regex' && typeof inner === 'string'
        ? inner.replace(
            /\\\\|\\s|\\S/g,
            (found) => ({ '\\s': '\\p{White_Space}', '\\S': '\\P{White_Space}' })[found] ?? found,
          )
        : unicodeSpaces(inner),
    ]),
  );
}

function parts(root: unknown, key: 'decoders' | 'normalizers'): readonly Part[] {
  if (root === null || root === undefined) return [];
  const nested = (root as Readonly<Record<string, unknown>>)[key];
  return Array.isArray(nested) ? nested.flatMap((part) => parts(part, key)) : [root as Part];
}

/**
 * Ids for a text tower, [texts, length]: special tokens added, cut so that they stay, padded with the padding token.
 * CLIP pads with its end-of-text token and SigLIP with `</s>`; both towers were trained so and need no mask.
 */
export function textTowerIds(tokenizer: Tokenizer, texts: readonly string[], length: number): Int32Array {
  const padding = tokenizer.pad ?? tokenizer.eos;
  if (padding === undefined) throw bad('the tokenizer of a text tower needs a pad_token');
  const ids = new Int32Array(texts.length * length).fill(padding);
  texts.forEach((text, i) => {
    ids.set(truncated(tokenizer, text, length), i * length);
  });
  return ids;
}

function truncated(tokenizer: Tokenizer, text: string, length: number): readonly number[] {
  const whole = tokenizer.encode(text);
  if (whole.length <= length) return whole;
  const plain = tokenizer.encode(text, { special: false });
  const added = whole.length - plain.length;
  let before = 0;
  while (before < added && whole[before] !== plain[0]) before++;
  const after = whole.slice(before + plain.length);
  return [...whole.slice(0, length - after.length), ...after];
}

async function readObject(file: string, absent?: JsonObject): Promise<JsonObject> {
  const telling = { code: 'bad-tokenizer', hint: 'the checkpoint needs its tokenizer in this format' };
  const json = await readJsonFile(file, absent === undefined ? telling : { ...telling, absent });
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json as JsonObject;
  throw bad(`${file}: must be a JSON object`);
}

const bad = (message: string, hint?: string): ProblemError =>
  new ProblemError({ code: 'bad-tokenizer', message, ...(hint === undefined ? {} : { hint }) });
