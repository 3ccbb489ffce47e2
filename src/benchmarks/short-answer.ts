/** LLaVA-1.5's instruction line for VQAv2, GQA, TextVQA, VizWiz and POPE. */
export const SHORT_ANSWER = 'Answer the question using a single word or phrase.';
