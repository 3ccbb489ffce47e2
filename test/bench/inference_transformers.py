"""The same measurements with transformers, eager, in float32. Prints JSON."""

import json
import resource
import sys
import time

import torch
from transformers import AutoModelForCausalLM, CLIPVisionConfig, CLIPVisionModel
from transformers.utils import logging

logging.set_verbosity_error()
logging.disable_progress_bar()
task = json.loads(sys.argv[1])
torch.set_num_threads(task["threads"])
torch.manual_seed(1)


def open_model():
    return AutoModelForCausalLM.from_pretrained(
        task["folder"], dtype=torch.float32, attn_implementation="eager"
    ).eval()


def load():
    start = time.perf_counter()
    open_model()(torch.tensor([[5]])).logits.argmax(-1).tolist()
    return {"rate": task["bytes"] / 1e6 / (time.perf_counter() - start)}


def decode():
    model = open_model()
    model.generation_config.eos_token_id = None
    prompt = torch.tensor([task["prompt"]])

    def ask(tokens):
        mask = torch.ones_like(prompt)
        ids = model.generate(prompt, attention_mask=mask, max_new_tokens=tokens, min_new_tokens=tokens, do_sample=False)
        return ids[0, prompt.shape[1] :].tolist()

    ask(8)
    start = time.perf_counter()
    ids = ask(task["tokens"])
    return {"rate": task["tokens"] / (time.perf_counter() - start), "ids": ids}


def features():
    vision = task["vision"]
    model = CLIPVisionModel._from_config(
        CLIPVisionConfig(
            hidden_size=vision["hidden"],
            intermediate_size=vision["intermediate"],
            num_hidden_layers=vision["layers"],
            num_attention_heads=vision["heads"],
            image_size=vision["imageSize"],
            patch_size=vision["patchSize"],
        ),
        attn_implementation="eager",
    ).eval()

    def look(images):
        pixels = torch.rand(images, 3, vision["imageSize"], vision["imageSize"]) * 4 - 2
        start = time.perf_counter()
        model(pixels, output_hidden_states=True).hidden_states[-2][:, 1:].numpy()
        return time.perf_counter() - start

    look(1)
    return {"rate": task["images"] / look(task["images"])}


with torch.inference_mode():
    figures = {"load": load, "decode": decode, "features": features}[task["what"]]()
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({**figures, "peak": peak}))
