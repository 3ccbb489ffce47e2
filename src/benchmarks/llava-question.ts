import { question_id, shape } from './json-file.ts';

/** A line of LLaVA's question files. */
export const llavaQuestion = shape({
  type: 'object',
  required: ['question_id', 'image', 'text'],
  properties: {
    question_id,
    image: { type: 'string' },
    text: { type: 'string' },
    category: { type: 'string' },
  },
} as const);
