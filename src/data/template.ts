/** One question and its answer; an open question has none yet. */
export type Turn = Readonly<{ question: string; answer?: string }>;

/** Text of a conversation; what the model must learn to say is marked. */
export type Piece = Readonly<{ text: string; target: boolean }>;

/** Where the visual tokens of an image go in a text. */
export const IMAGE_MARK = '<image>';

/** How a model's conversations are written down. BOS is the tokenizer's affair. */
type Template = Readonly<{
  /** before the first turn */
  system: string;
  user: readonly [before: string, after: string];
  assistant: readonly [before: string, end: string];
  /** after an answer that ended */
  between: string;
  /** tokens that end an answer */
  stop: readonly string[];
  /** before the question (LLaVA: inside the user's turn), or before the whole turn */
  image: 'in-question' | 'before-turn';
}>;

const vicunaSystem =
  "A chat between a curious user and an artificial intelligence assistant. The assistant gives helpful, detailed, and polite answers to the user's questions.";

/** The conversation templates: LLaVA-1.5's two, the chat templates of three families, and one for tiny models. */
export const templates = {
  // stage 1 of LLaVA: the image, then the caption; the question is not shown
  plain: {
    system: '',
    user: ['', ''],
    assistant: ['', '\n'],
    between: '',
    stop: ['\n'],
    image: 'before-turn',
  },
  vicuna_v1: {
    system: `${vicunaSystem} `,
    user: ['USER: ', ' '],
    // the space before an answer belongs to it: sentencepiece makes one token of both
    assistant: ['ASSISTANT:', '</s>'],
    between: '',
    stop: ['</s>'],
    image: 'in-question',
  },
  gemma: {
    system: '',
    user: ['<start_of_turn>user\n', '<end_of_turn>\n'],
    assistant: ['<start_of_turn>model\n', '<end_of_turn>'],
    between: '\n',
    stop: ['<end_of_turn>', '<eos>'],
    image: 'in-question',
  },
  phi3: {
    system: '',
    user: ['<|user|>\n', '<|end|>\n'],
    assistant: ['<|assistant|>\n', '<|end|>'],
    between: '\n',
    stop: ['<|end|>', '<|endoftext|>'],
    image: 'in-question',
  },
  llama3: {
    system: '',
    user: ['<|start_header_id|>user<|end_header_id|>\n\n', '<|eot_id|>'],
    assistant: ['<|start_header_id|>assistant<|end_header_id|>\n\n', '<|eot_id|>'],
    between: '',
    stop: ['<|eot_id|>', '<|end_of_text|>'],
    image: 'in-question',
  },
  short: {
    system: '',
    user: ['<|user|>', ''],
    assistant: ['<|assistant|>', '</s>'],
    between: '',
    stop: ['</s>'],
    image: 'before-turn',
  },
} as const satisfies Readonly<Record<string, Template>>;

export type TemplateName = keyof typeof templates;

/**
 * A conversation as pieces of text. `<image>` marks of a question are taken out of it and put where the template has
 * them. A last turn without answer ends with what the model continues from.
 */
export function writeConversation(name: TemplateName, turns: readonly Turn[]): readonly Piece[] {
  const template: Template = templates[name];
  const pieces: Piece[] = [{ text: template.system, target: false }];
  turns.forEach((turn, i) => {
    if (i > 0) pieces.push({ text: template.between, target: false });
    pieces.push({ text: writeQuestion(name, template, turn) + template.assistant[0], target: false });
    if (turn.answer !== undefined) pieces.push({ text: writeAnswer(name, template, turn.answer), target: true });
    else if (i < turns.length - 1) throw new Error(`turn ${i + 1} of ${turns.length} has no answer`);
  });
  return joinNeighbours(pieces);
}

// LLaVA trims what it trains on and asks a question as it stands (train.py preprocess_multimodal, model_vqa_loader.py)
function writeQuestion(name: TemplateName, { user, image }: Template, { question, answer }: Turn): string {
  const marks = question.split(IMAGE_MARK).length - 1;
  const bare = question.replaceAll(`${IMAGE_MARK}\n`, '').replaceAll(`\n${IMAGE_MARK}`, '').replaceAll(IMAGE_MARK, '');
  const words = name === 'plain' ? '' : answer === undefined ? bare : bare.trim();
  const images = IMAGE_MARK.repeat(marks);
  if (image === 'before-turn') return images + user[0] + words + user[1];
  return user[0] + (marks === 0 ? '' : `${`${IMAGE_MARK}\n`.repeat(marks)}`) + words + user[1];
}

/** An answer with its end, as it stands behind a conversation whose last question is open. */
export function answerPiece(name: TemplateName, answer: string): Piece {
  return { text: writeAnswer(name, templates[name], answer), target: true };
}

function writeAnswer(name: TemplateName, { assistant }: Template, answer: string): string {
  return (name === 'vicuna_v1' ? ' ' : '') + answer.trim() + assistant[1];
}

function joinNeighbours(pieces: readonly Piece[]): readonly Piece[] {
  const joined: Piece[] = [];
  for (const piece of pieces) {
    const last = joined.at(-1);
    if (piece.text === '') continue;
    if (last !== undefined && last.target === piece.target)
      joined[joined.length - 1] = { ...last, text: last.text + piece.text };
    else joined.push(piece);
  }
  return joined;
}
