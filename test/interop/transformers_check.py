"""Loads checkpoints that `sea export` wrote with Python's transformers and compares numbers and texts.

usage: transformers_check.py FOLDER

FOLDER holds one folder a case, each with `case.json` ({"kind": "encoder" | "language-model" | "model" | "adapter" |
"narrowed", "checkpoint": path, "texts": [[text, token ids], ...], ...}) and `expected.safetensors`: what seagraph computed
from what it had trained, and the inputs it computed it from. Ends with 1 when a tensor of the checkpoint is missing or
surplus, or anything differs.
"""
import importlib.util
import json
import pathlib
import sys

import torch
from safetensors.torch import load_file
from transformers import (
    AutoModelForCausalLM,
    AutoProcessor,
    AutoTokenizer,
    CLIPModel,
    LlavaForConditionalGeneration,
    LlavaProcessor,
    SiglipModel,
)
from transformers.utils import logging

BOUND = 1e-4  # as a share of the largest number, or of 1 where that is larger
LOGITS = 1e-4  # of a model that answers, absolute
PIXELS = 1e-5


def say(name, what, ok, detail=""):
    """One line; 1 for a failure."""
    print(f"{'ok  ' if ok else 'FAIL'} {name} {what}{'' if ok or not detail else f': {detail}'}")
    return 0 if ok else 1


def load(architecture, checkpoint, name):
    """The model, and how many of its tensors are missing, surplus or of another shape."""
    model, info = architecture.from_pretrained(checkpoint, output_loading_info=True)
    keys = ("missing_keys", "unexpected_keys", "mismatched_keys")
    return model.eval(), sum(say(name, key, False, sorted(info[key])) for key in keys if info.get(key))


def compare(name, found, data):
    failures = 0
    for key, value in found.items():
        expected = data[key]
        same = value.shape == expected.shape
        worst = (value - expected).abs().max().item() / max(1.0, expected.abs().max().item()) if same else float("inf")
        failures += say(name, f"{key} {list(value.shape)} worst difference {worst:.1e}", worst <= BOUND)
    return failures


def encoder(name, facts, data):
    family = json.loads((pathlib.Path(facts["checkpoint"]) / "config.json").read_text())["model_type"]
    model, failures = load({"clip": CLIPModel, "siglip": SiglipModel}[family], facts["checkpoint"], name)
    out = model(input_ids=data["input_ids"].long(), pixel_values=data["pixel_values"], output_hidden_states=True)
    hidden = out.vision_model_output.hidden_states
    found = {
        "image_embeds": out.image_embeds,
        "text_embeds": out.text_embeds,
        "logits_per_image": out.logits_per_image,
        "second_last": hidden[-2] if family == "siglip" else hidden[-2][:, 1:],
    }
    return failures + compare(name, found, data)


def language_model(name, facts, data):
    model, failures = load(AutoModelForCausalLM, facts["checkpoint"], name)
    return failures + compare(name, {"logits": model(input_ids=data["input_ids"].long()).logits}, data)


def llava(name, facts, data):
    """Logits over every prompt, and the greedy answer to every question."""
    model, failures = load(LlavaForConditionalGeneration, facts["checkpoint"], name)
    questions = facts["questions"]
    inputs = [
        {"input_ids": data[f"ids_{i}"].long()[None], "pixel_values": data[f"pixels_{i}"][None]}
        for i in range(len(questions))
    ]
    worst = max((model(**own).logits[0] - data[f"logits_{i}"]).abs().max().item() for i, own in enumerate(inputs))
    failures += say(name, f"logits of {len(inputs)} prompts, worst difference {worst:.1e}", worst <= LOGITS)
    if importlib.util.find_spec("PIL") is None:
        print(f"     {name} processor not compared: this Python has no Pillow")
    else:
        inputs, differences = processed(name, facts, inputs)
        failures += differences
    tokenizer = AutoTokenizer.from_pretrained(facts["checkpoint"])
    answers = [answer(model, tokenizer, own, facts["newTokens"]) for own in inputs]
    different = [(asked["question"], asked["answer"], text) for asked, text in zip(questions, answers) if asked["answer"] != text]
    return failures + say(name, f"greedy answers to {len(answers)} questions, {len(set(answers))} distinct", not different, different[:3])


def processed(name, facts, expected):
    """What transformers makes of the questions and image files, in place of our ids and pixels; and how many differ."""
    from PIL import Image

    checkpoint = facts["checkpoint"]
    # Pillow's resizing is LLaVA's; torchvision's, which is taken where it is installed, rounds otherwise
    processor = AutoProcessor.from_pretrained(checkpoint, backend="pil")
    failures = say(name, "AutoProcessor is LlavaProcessor", isinstance(processor, LlavaProcessor))
    LlavaProcessor.from_pretrained(checkpoint)
    made, texts, ids, pixels = [], 0, 0, 0.0
    for asked, ours in zip(facts["questions"], expected):
        message = {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": asked["question"]}]}
        text = processor.apply_chat_template([message], add_generation_prompt=True)
        texts += text != asked["prompt"]
        own = processor(images=Image.open(asked["image"]), text=text, return_tensors="pt")
        ids += own["input_ids"].tolist() != ours["input_ids"].tolist()
        pixels = max(pixels, (own["pixel_values"] - ours["pixel_values"]).abs().max().item())
        made.append({"input_ids": own["input_ids"], "pixel_values": own["pixel_values"]})
    failures += say(name, "processor: chat template", texts == 0, f"{texts} prompts differ")
    failures += say(name, "processor: ids", ids == 0, f"{ids} prompts differ")
    return made, failures + say(name, f"processor: pixels, worst difference {pixels:.1e}", pixels <= PIXELS)


def answer(model, tokenizer, inputs, new_tokens):
    length = inputs["input_ids"].shape[1]
    out = model.generate(**inputs, attention_mask=torch.ones_like(inputs["input_ids"]), do_sample=False, max_new_tokens=new_tokens)
    return tokenizer.decode(out[0, length:], skip_special_tokens=True).strip()


def adapter(name, facts, data):
    """Both files of an adapter, as LLaVA reads them."""
    folder = pathlib.Path(facts["checkpoint"])
    stored = torch.load(folder / "mm_projector.bin", weights_only=True)
    safe = load_file(folder / "mm_projector.safetensors")
    failures = 0
    for file, found in (("bin", stored), ("safetensors", safe)):
        same = found.keys() == data.keys() and all(torch.equal(found[key], data[key]) for key in data)
        failures += say(name, f"mm_projector.{file}: {len(found)} tensors", same, sorted(found))
    return failures


def narrowed(name, facts, _):
    """Weights in 16 bits, rounded as torch does."""
    source, narrow = (load_file(pathlib.Path(facts[key]) / "model.safetensors") for key in ("source", "checkpoint"))
    stated = json.loads((pathlib.Path(facts["checkpoint"]) / "config.json").read_text())["torch_dtype"]
    same = source.keys() == narrow.keys() and all(torch.equal(source[key].to(getattr(torch, stated)), narrow[key]) for key in source)
    return say(name, f"{len(narrow)} tensors as {stated}", same)


KINDS = {"encoder": encoder, "language-model": language_model, "model": llava, "adapter": adapter, "narrowed": narrowed}


def check(case):
    """How much is wrong with a case, after a line for everything that was compared."""
    facts = json.loads(case.read_text())
    name = case.parent.name
    with torch.no_grad():
        failures = KINDS[facts["kind"]](name, facts, load_file(case.parent / "expected.safetensors"))
    tokenizer = AutoTokenizer.from_pretrained(facts["checkpoint"]) if facts["texts"] else None
    for text, ours in facts["texts"]:
        theirs = tokenizer(text)["input_ids"]
        failures += say(name, f"tokens of {text!r}", ours == theirs, f"{ours}, not {theirs}")
    return failures


def main(folder):
    cases = sorted(pathlib.Path(folder).glob("*/case.json"))
    failures = sum(check(case) for case in cases)
    print(f"{len(cases)} checkpoints, {failures} differences")
    return 1 if failures or not cases else 0


if __name__ == "__main__":
    logging.disable_progress_bar()
    sys.exit(main(sys.argv[1]))
