import { IMAGE_MARK, type TemplateName, templates } from './template.ts';

/**
 * A conversation template as the Jinja text that transformers' `apply_chat_template` renders: the same text as
 * `writeConversation`, for messages whose content is a string or a list of `image` and `text` parts. BOS is left to the
 * tokenizer. Roles beside `user` and `assistant` are refused: the model has seen none.
 */
export function chatTemplate(name: TemplateName): string {
  const { system, user, assistant, between, image } = templates[name];
  const own = name === 'vicuna_v1' ? ' ' : '';
  const words = name === 'plain' ? '' : '{{- bare | trim if ns.answered else bare -}}';
  const marks =
    image === 'before-turn'
      ? `{{- ${text(IMAGE_MARK)} * ns.images + ${text(user[0])} -}}`
      : `{{- ${text(user[0])} + ${text(`${IMAGE_MARK}\n`)} * ns.images -}}`;
  return [
    `{{- ${text(system)} -}}`,
    '{%- for message in messages -%}',
    "{%- set ns = namespace(text='', images=0, answered=not loop.last) -%}",
    "{%- if message['content'] is string -%}{%- set ns.text = message['content'] -%}{%- else -%}",
    "{%- for part in message['content'] -%}",
    "{%- if part['type'] == 'text' -%}{%- set ns.text = ns.text + part['text'] -%}",
    "{%- elif part['type'] == 'image' -%}{%- set ns.images = ns.images + 1 -%}",
    "{%- else -%}{{- raise_exception('a part of a message is text or image') -}}{%- endif -%}",
    '{%- endfor -%}{%- endif -%}',
    "{%- if message['role'] == 'user' -%}",
    `{%- if not loop.first -%}{{- ${text(between)} -}}{%- endif -%}`,
    `{%- set ns.images = ns.images + ns.text.count(${text(IMAGE_MARK)}) -%}`,
    `{%- set bare = ns.text${[`${IMAGE_MARK}\n`, `\n${IMAGE_MARK}`, IMAGE_MARK].map((mark) => `.replace(${text(mark)}, '')`).join('')} -%}`,
    marks,
    words,
    `{{- ${text(user[1])} -}}`,
    "{%- elif message['role'] == 'assistant' -%}",
    `{{- ${text(assistant[0] + own)} + ns.text | trim + ${text(assistant[1])} -}}`,
    "{%- else -%}{{- raise_exception('a message is of user or assistant') -}}{%- endif -%}",
    '{%- endfor -%}',
    `{%- if add_generation_prompt -%}{{- ${text(assistant[0])} -}}{%- endif -%}\n`,
  ].join('\n');
}

/** A literal of Jinja, whose escapes for these plain texts are JSON's. */
const text = (value: string): string => JSON.stringify(value);
