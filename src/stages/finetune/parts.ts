import { PROJECTOR } from '../../train/adapter.ts';

/** Where the three parts of the model stand among the weights of a step: what `trainable` matches. */
export const PARTS = { projector: PROJECTOR, language: 'language.', vision: 'vision.' } as const;
