import { ProblemError } from '../problem.ts';
import { IMAGE_MARK, type Piece, type TemplateName, type Turn, templates, writeConversation } from './template.ts';
import type { Tokenizer } from './tokenizer.ts';

/** Stands for one image in token ids until its visual tokens take the place (LLaVA's IMAGE_TOKEN_INDEX). */
export const IMAGE_ID = -200;

/** The label of a position that is not learnt. */
export const IGNORE = -100;

/**
 * A conversation as token ids with labels (unshifted: `labels[t]` is `ids[t]` where the model must say it, else -100).
 * `segments[t]`: 0 for what every turn sees, and 1, 2, ... for turns that do not see each other.
 */
export type Example = Readonly<{ ids: readonly number[]; labels: readonly number[]; segments: readonly number[] }>;

/**
 * Token ids of a text with image marks, as LLaVA makes them: the text is cut at the marks and each part tokenised by
 * itself; what the tokenizer puts before a text (BOS) stands once, at the start.
 */
export function encodeWithImages(tokenizer: Tokenizer, text: string): number[] {
  return text.split(IMAGE_MARK).flatMap((part, i) => {
    return i === 0 ? tokenizer.encode(part) : [IMAGE_ID, ...tokenizer.encode(part, { special: false })];
  });
}

/**
 * Ids of pieces that are tokenised together, with labels on the target pieces. The ids of every beginning must be the
 * beginning of the ids: where a token would reach across a border, labels would be off by one for the rest of the
 * text, which is an error here (LLaVA warns and trains on nothing: its issue 1166).
 */
export function encodePieces(tokenizer: Tokenizer, pieces: readonly Piece[]): Example {
  const ids = encodeWithImages(tokenizer, pieces.map((piece) => piece.text).join(''));
  const labels: number[] = [];
  let text = '';
  pieces.forEach((piece, i) => {
    text += piece.text;
    const beginning = i === pieces.length - 1 ? ids : encodeWithImages(tokenizer, text);
    const differs = beginning.findIndex((id, at) => id !== ids[at]);
    if (differs >= 0 || beginning.length < labels.length) throw borderProblem(pieces, i);
    for (let at = labels.length; at < beginning.length; at++) labels.push(piece.target ? (ids[at] as number) : IGNORE);
  });
  return { ids, labels, segments: ids.map(() => 0) };
}

function borderProblem(pieces: readonly Piece[], i: number): ProblemError {
  const [before, after] = [pieces[i]?.text.slice(-20), pieces[i + 1]?.text.slice(0, 20)];
  return new ProblemError({
    code: 'token-across-border',
    message: `the tokenizer joins ${JSON.stringify(before)} and ${JSON.stringify(after)}: labels cannot be told from the prompt`,
    hint: 'the conversation template does not fit this tokenizer',
  });
}

/**
 * The training example of a conversation. `dialogue`: later turns see earlier ones. `independent`: every turn is what it
 * would be alone; the part up to the image is shared and each turn is a segment that sees it and itself.
 */
export function encodeConversation(
  tokenizer: Tokenizer,
  template: TemplateName,
  turns: readonly Turn[],
  how: 'dialogue' | 'independent' = 'dialogue',
): Example {
  if (how === 'dialogue') return encodePieces(tokenizer, writeConversation(template, turns));
  const marks = turns.map(({ question }) => question.split(IMAGE_MARK).length - 1);
  const images = IMAGE_MARK.repeat(marks.reduce((sum, count) => sum + count, 0));
  const alone = turns.map(({ question, answer }) => {
    const asked = images + question.replaceAll(IMAGE_MARK, '').trim();
    return encodePieces(
      tokenizer,
      writeConversation(template, [{ question: asked, ...(answer === undefined ? {} : { answer }) }]),
    );
  });
  return shareBeginning(tokenizer, alone);
}

/** Examples that begin alike -> one: the beginning up to the last image (BOS, without images), then each one's rest. */
function shareBeginning(tokenizer: Tokenizer, examples: readonly Example[]): Example {
  const first = examples[0];
  if (first === undefined) throw new Error('a conversation without turns');
  const lastImage = first.ids.lastIndexOf(IMAGE_ID);
  const shared = lastImage >= 0 ? lastImage + 1 : tokenizer.encode('').length;
  const ids = first.ids.slice(0, shared);
  const joined = { ids: [...ids], labels: ids.map(() => IGNORE), segments: ids.map(() => 0) };
  examples.forEach((example, i) => {
    const differs = ids.findIndex((id, at) => id !== example.ids[at]);
    if (differs >= 0)
      throw new Error(`turn ${i + 1} begins with token ${example.ids[differs]}, turn 1 with ${ids[differs]}`);
    joined.ids.push(...example.ids.slice(shared));
    joined.labels.push(...example.labels.slice(shared));
    joined.segments.push(...example.ids.slice(shared).map(() => i + 1));
  });
  return joined;
}

/** Ids that a model continues from: a conversation whose last question is open. */
export function encodePrompt(tokenizer: Tokenizer, template: TemplateName, turns: readonly Turn[]): readonly number[] {
  return encodeWithImages(
    tokenizer,
    writeConversation(template, turns)
      .map((piece) => piece.text)
      .join(''),
  );
}

/** Ids of the tokens that end an answer in this template; those that the tokenizer has not are left out. */
export function stopIds(tokenizer: Tokenizer, template: TemplateName): readonly number[] {
  const tokens: readonly string[] = templates[template].stop;
  const ids = tokens.filter((token) => tokenizer.has(token)).map((token) => tokenizer.idOf(token));
  return ids.length > 0 || tokenizer.eos === undefined ? ids : [tokenizer.eos];
}

/** Throws ProblemError naming the special tokens that the template needs and the tokenizer lacks. */
export function checkTemplate(tokenizer: Tokenizer, template: TemplateName): void {
  const { user, assistant } = templates[template];
  const needed = `${user.join('')}${assistant.join('')}`.match(/<[^<>\s]+>/g) ?? [];
  for (const token of new Set(needed)) tokenizer.idOf(token);
}
