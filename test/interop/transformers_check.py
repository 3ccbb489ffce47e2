"""Loads checkpoints that seagraph wrote with Python's transformers and compares numbers.

usage: transformers_check.py FOLDER

FOLDER holds one folder a case, each with `case.json` ({"kind": "encoder" | "language-model" | "model", "checkpoint": path,
"texts": [[text, token ids], ...]}) and `expected.safetensors`: what seagraph computed from the checkpoint, and the inputs it
computed it from. Ends with 1 when a tensor of the checkpoint is missing or surplus, or anything differs.
"""
import json
import pathlib
import sys

import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer, CLIPModel, LlavaForConditionalGeneration, SiglipModel
from transformers.utils import logging

BOUND = 1e-4  # as a share of the largest number, or of 1 where that is larger


def encoder(checkpoint, data):
    family = json.loads((pathlib.Path(checkpoint) / "config.json").read_text())["model_type"]
    model, info = load({"clip": CLIPModel, "siglip": SiglipModel}[family], checkpoint)
    out = model(input_ids=data["input_ids"], pixel_values=data["pixel_values"], output_hidden_states=True)
    hidden = out.vision_model_output.hidden_states
    return info, {
        "image_embeds": out.image_embeds,
        "text_embeds": out.text_embeds,
        "logits_per_image": out.logits_per_image,
        "second_last": hidden[-2] if family == "siglip" else hidden[-2][:, 1:],
    }


def language_model(checkpoint, data):
    model, info = load(AutoModelForCausalLM, checkpoint)
    return info, {"logits": model(input_ids=data["input_ids"]).logits}


def llava(checkpoint, data):
    model, info = load(LlavaForConditionalGeneration, checkpoint)
    return info, {"logits": model(input_ids=data["input_ids"], pixel_values=data["pixel_values"]).logits}


def load(architecture, checkpoint):
    model, info = architecture.from_pretrained(checkpoint, output_loading_info=True)
    return model.eval(), info


KINDS = {"encoder": encoder, "language-model": language_model, "model": llava}


def check(case):
    """What is wrong with a case, after a line for everything that was compared."""
    facts = json.loads(case.read_text())
    data = load_file(case.parent / "expected.safetensors")
    data["input_ids"] = data["input_ids"].long()
    with torch.no_grad():
        info, found = KINDS[facts["kind"]](facts["checkpoint"], data)
    failures = 0
    for key in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        if info.get(key):
            failures += 1
            print(f"FAIL {case.parent.name} {key}: {sorted(info[key])}")
    for name, value in found.items():
        expected = data[name]
        same = value.shape == expected.shape
        worst = (value - expected).abs().max().item() / max(1.0, expected.abs().max().item()) if same else float("inf")
        failures += not worst <= BOUND
        print(f"{'ok  ' if worst <= BOUND else 'FAIL'} {case.parent.name} {name} {list(value.shape)} worst difference {worst:.1e}")
    tokenizer = AutoTokenizer.from_pretrained(facts["checkpoint"])
    for text, ours in facts["texts"]:
        theirs = tokenizer(text)["input_ids"]
        failures += ours != theirs
        print(f"{'ok  ' if ours == theirs else 'FAIL'} {case.parent.name} tokens of {text!r}{'' if ours == theirs else f': {ours}, not {theirs}'}")
    return failures


def main(folder):
    cases = sorted(pathlib.Path(folder).glob("*/case.json"))
    failures = sum(check(case) for case in cases)
    print(f"{len(cases)} checkpoints, {failures} differences")
    return 1 if failures or not cases else 0


if __name__ == "__main__":
    logging.disable_progress_bar()
    sys.exit(main(sys.argv[1]))
