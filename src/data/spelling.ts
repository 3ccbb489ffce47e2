/** A stored name -> the name that it is known by; undefined: not part of the model. */
type Spelling = (stored: string) => string | undefined;

/** How the names of a file are to be read; `expect` has the names that must be there. */
export function spelling(names: readonly string[], expect: Expected): Spelling {
  const isLlava = names.some((name) => name.includes('multi_modal_projector.'));
  return isLlava ? classicSpelling(names) : towerSpelling(names, expect);
}

type Expected = Readonly<Record<string, unknown>> | undefined;

/** What may stand beside or in a vision-only tower and is no part of its features: MAE's decoder, a classifier, a pooler. */
const besideTower = /^(decoder|classifier|pooler)\.|^embeddings\.mask_token$/;
/** `vit.` of ViTMAEForPreTraining, `dinov2.` of a classifier: what stands before the tower's own names. */
const towerStart = /^((?:vit|dinov2|dinov2_with_registers)\.)?embeddings\.cls_token$/;

/** Names of a vision-only tower, in a file of its own or of a model around it; names of other files as they are. */
function towerSpelling(names: readonly string[], expect: Expected): Spelling {
  const found = names.map((name) => towerStart.exec(name)).find((match) => match !== null);
  if (found === undefined) return (stored) => stored;
  const start = found[1] ?? '';
  return (stored) => {
    const name = stored.startsWith(start) ? stored.slice(start.length) : undefined;
    return name !== undefined && besideTower.test(name) && expect?.[name] === undefined ? undefined : name;
  };
}

/** LlavaForConditionalGeneration as transformers 4.52 and later spell it inside -> as llava-hf's files do. */
function classicSpelling(names: readonly string[]): Spelling {
  // towers without a text tower have no `vision_model.` in either
  const isPlain = names.some((name) => /(^|\.)vision_tower\.embeddings\.cls_token$/.test(name));
  return (stored) => {
    const name = stored
      .replace(/^lm_head\./, 'language_model.lm_head.')
      .replace(/^model\.language_model\./, 'language_model.model.')
      .replace(/^model\.(vision_tower|multi_modal_projector)\./, '$1.');
    if (isPlain) return /^vision_tower\.pooler\./.test(name) ? undefined : name;
    return name.replace(/^vision_tower\.(?!vision_model\.)/, 'vision_tower.vision_model.');
  };
}
