"""One row of Table 2, with one seed, as a script of its own, the plain way: transformers models, eager, float32. Prints JSON.

It does the work that `sea run` does for the row, from the same files: labels the patches of the captions' images (only with
SEA), trains the adapter (stage 1), adapter and language model (stage 2), and answers the benchmarks' questions greedily. As
a script that knows of no other row it runs the frozen encoder in every step. The sequences, batch sizes, numbers of steps,
losses and the optimiser's settings are those of the row; random draws are torch's. AdamW is fused, questions of similar
length are asked side by side, and decoding keeps keys and values.
"""

import json
import math
import sys
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import nn
from transformers import AutoModelForCausalLM, AutoTokenizer, CLIPModel, get_cosine_schedule_with_warmup
from transformers.utils import logging

IGNORE = -100
GRID, WINDOW = 8, 2
SAMPLE, STATISTICS, SIGN_IMAGES = 50, 500, 256

logging.set_verbosity_error()
logging.disable_progress_bar()
task = json.loads(sys.argv[1])
torch.set_num_threads(task["threads"])
torch.manual_seed(task["seed"])
random = np.random.default_rng(task["seed"])


class Phases:
    """Seconds by name: from one mark to the next."""

    def __init__(self):
        self.seconds, self.last = {}, time.perf_counter()

    def end(self, name):
        now = time.perf_counter()
        self.seconds[name], self.last = now - self.last, now


# --- images and the frozen encoder


class Eyes:
    def __init__(self, folder):
        self.clip = CLIPModel.from_pretrained(folder, dtype=torch.float32).eval().requires_grad_(False)
        self.words = AutoTokenizer.from_pretrained(folder)
        how = json.loads((Path(folder) / "preprocessor_config.json").read_text())
        self.mean, self.std = (torch.tensor(how[key]).view(1, 3, 1, 1) for key in ("image_mean", "image_std"))

    def pixels(self, paths):
        pictures = np.stack([np.asarray(Image.open(path).convert("RGB")) for path in paths])
        return (torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 255 - self.mean) / self.std

    @torch.no_grad()
    def features(self, paths):
        """LLaVA's: the patches before the last block, [images, patches, width]."""
        seen = self.clip.vision_model(self.pixels(paths), output_hidden_states=True)
        return seen.hidden_states[-2][:, 1:]

    @torch.no_grad()
    def patches(self, paths):
        """In the space of words: values attend to values in the last block, without its feed-forward (CLIP-Surgery)."""
        vision = self.clip.vision_model
        x = vision(self.pixels(paths), output_hidden_states=True).hidden_states[-2]
        last = vision.encoder.layers[-1]
        own = last.self_attn
        v = own.v_proj(last.layer_norm1(x)).view(*x.shape[:2], own.num_heads, -1).transpose(1, 2)
        mixed = F.scaled_dot_product_attention(v, v, v).transpose(1, 2).reshape(x.shape)
        x = vision.post_layernorm((x + own.out_proj(mixed))[:, 1:])
        return F.normalize(self.clip.visual_projection(x), dim=-1)

    @torch.no_grad()
    def embeddings(self, words):
        text = self.words(words, padding=True, return_tensors="pt")
        pooled = self.clip.text_model(input_ids=text["input_ids"], attention_mask=text["attention_mask"]).pooler_output
        return F.normalize(self.clip.text_projection(pooled), dim=-1)


def read_chat(folder):
    """Records of LLaVA's format: the path of the image, and pairs of question and answer."""
    records = json.loads((Path(folder) / "chat.json").read_text())
    texts = [[turn["value"].replace("<image>", "").strip() for turn in one["conversations"]] for one in records]
    return [
        (Path(folder) / "images" / one["image"], list(zip(own[::2], own[1::2]))) for one, own in zip(records, texts)
    ]


# --- patch labels (Eq. 4-6)


def label(eyes, records, words):
    """The ten nearest words of every patch, and their scores, [images, patches, 10]."""
    embeddings = eyes.embeddings(words)
    sign = best_sign(eyes, records, words, embeddings)
    found, scores = [], []
    for start in range(0, len(records), 64):
        cosine = sign * eyes.patches([path for path, _ in records[start : start + 64]]) @ embeddings.T
        best = cosine.topk(10, dim=-1)
        found.append(best.indices)
        scores.append(best.values.clamp(min=0))
    return torch.cat(found), torch.cat(scores)


def best_sign(eyes, records, words, embeddings):
    """The sign of the cosine under which words of captions stand out more from the others."""
    contrast = {1: 0.0, -1: 0.0}
    for path, turns in records[:SIGN_IMAGES]:
        said = torch.tensor([f" {word} " in f" {turns[0][1].rstrip('.')} " for word in words])
        if said.any() and not said.all():
            cosine = eyes.patches([path])[0] @ embeddings.T
            for sign in contrast:
                best = (sign * cosine).amax(0)
                contrast[sign] += (best[said].mean() - best[~said].mean()).item()
    return max(contrast, key=contrast.get)


def draw_pairs(words, scores):
    """One patch of every window, one of its words (Eq. 7), no word twice: rows of the flattened visual tokens, and words."""
    count, side = len(words), GRID // WINDOW
    places = torch.arange(GRID * GRID).view(side, WINDOW, side, WINDOW).transpose(1, 2).reshape(side * side, -1)
    valid = (scores.sum(-1) > 0)[:, places].float()  # [images, windows, patches of a window]
    rows = valid.flatten(0, 1).sum(1).nonzero()[:, 0]
    inside = torch.multinomial(valid.flatten(0, 1)[rows], 1)[:, 0]
    image, patch = rows // (side * side), places[rows % (side * side), inside]
    drawn = torch.multinomial(scores[image, patch], 1)
    word = words[image, patch].gather(1, drawn)[:, 0]
    order = torch.randperm(len(word))
    _, first = np.unique(word[order].numpy(), return_index=True)
    kept = order[torch.from_numpy(first)]
    return image[kept] * GRID * GRID + patch[kept], word[kept]


# --- model


class Adapter(nn.Module):
    """Two layers behind standardised features; its outputs begin at a share of the norm of word embeddings."""

    def __init__(self, sample, hidden, norm, gain):
        super().__init__()
        width = sample.shape[-1]
        self.register_buffer("mean", sample.mean((0, 1)))
        self.register_buffer("scale", 1 / (sample.std((0, 1), correction=0) + 1e-5))
        self.first, self.second = nn.Linear(width, hidden), nn.Linear(hidden, hidden)
        with torch.no_grad():
            self.second.weight.normal_(std=hidden**-0.5)
            self.second.bias.zero_()
            self.second.weight *= gain * norm / self(sample[:SAMPLE]).norm(dim=-1).mean()

    def forward(self, features):
        return self.second(F.gelu(self.first((features - self.mean) * self.scale)))


class Reader:
    """The language model and how texts become its ids."""

    def __init__(self, folder):
        self.model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        self.embed = self.model.get_input_embeddings()
        self.start = self.tokenizer.encode("")

    def ids(self, text):
        return self.tokenizer.encode(text, add_special_tokens=False)


def caption_sequence(reader, tokens, turns):
    answer = reader.ids(turns[0][1] + "\n")
    ids = reader.start + [0] * tokens + answer
    return {"ids": ids, "labels": [IGNORE] * (len(ids) - len(answer)) + answer, "segments": [0] * len(ids)}


def chat_sequence(reader, tokens, turns, longest):
    """Every question sees the image and itself; all of an image share one sequence."""
    ids = reader.start + [0] * tokens
    found = {"ids": ids, "labels": [IGNORE] * len(ids), "segments": [0] * len(ids)}
    for number, (question, answer) in enumerate(turns, 1):
        asked, said = reader.ids(f"<|user|>{question}<|assistant|>"), reader.ids(f"{answer}</s>")
        found["ids"] += asked + said
        found["labels"] += [IGNORE] * len(asked) + said
        found["segments"] += [number] * len(asked + said)
    return {key: values[:longest] for key, values in found.items()}


def collate(sequences):
    length = max(len(one["ids"]) for one in sequences)
    fill = {"ids": 0, "labels": IGNORE, "segments": -1}
    return {
        key: torch.tensor([one[key] + [value] * (length - len(one[key])) for one in sequences])
        for key, value in fill.items()
    }


def packed(segments):
    """Mask and positions where turns share a sequence: each sees the beginning and itself, and follows the beginning."""
    length = segments.shape[1]
    query, key = segments[:, :, None], segments[:, None, :]
    seen = ((query == key) | (key == 0)) & torch.ones(length, length, dtype=torch.bool).tril()
    mask = torch.zeros(seen.shape).masked_fill(~seen, torch.finfo(torch.float32).min)[:, None]
    places = torch.arange(length).expand_as(segments)
    begins = torch.where(segments[:, 1:] != segments[:, :-1], places[:, 1:], 0)
    begins = F.pad(begins, (1, 0)).cummax(1).values
    shared = (segments == 0).sum(1, keepdim=True)
    return mask, torch.where(segments > 0, places - begins + shared, places)


def embed_with_image(reader, ids, visual):
    """Visual tokens follow what begins every text."""
    words = reader.embed(ids)
    start = len(reader.start)
    return torch.cat([words[:, :start], visual, words[:, start + visual.shape[1] :]], 1)


# --- training


def train(name, steps, batch, count, groups, settings, loss_of):
    """Descends `loss_of(indices)`; the mean of what it returned in the last fifth of the steps."""
    parameters = [parameter for group in groups for parameter in group["params"]]
    optimiser = torch.optim.AdamW(groups, betas=settings["betas"], weight_decay=0, fused=True)
    schedule = get_cosine_schedule_with_warmup(optimiser, math.ceil(settings["warmup"] * steps), steps)
    order = np.concatenate([random.permutation(count) for _ in range(math.ceil(steps * batch / count))])
    history = []
    for step in range(steps):
        loss, parts = loss_of(order[step * batch : (step + 1) * batch])
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, settings["clip"])
        optimiser.step()
        schedule.step()
        history.append({"loss": loss.item(), **parts})
    tail = history[-math.ceil(steps / 5) :]
    return {f"{name}.{key}": sum(one[key] for one in tail) / len(tail) for key in tail[0]}


def pretrain(eyes, reader, adapter, records, labels, words):
    settings = task["pretrain"]
    reader.model.requires_grad_(False).eval()
    sequences = [caption_sequence(reader, GRID * GRID, turns) for _, turns in records]
    log_tau = nn.Parameter(torch.tensor(math.log(settings["temperature"])))
    trained = [*adapter.parameters(), *([log_tau] if labels else [])]
    if labels:
        tokens = [torch.tensor(reader.ids(word)) for word in words]
        targets = F.normalize(torch.stack([reader.embed.weight[own].mean(0) for own in tokens]), dim=-1)

    def loss_of(chosen):
        batch = collate([sequences[i] for i in chosen])
        visual = adapter(eyes.features([records[i][0] for i in chosen]))
        embeds = embed_with_image(reader, batch["ids"], visual)
        there = (batch["segments"] >= 0).long()
        caption = reader.model(inputs_embeds=embeds, attention_mask=there, labels=batch["labels"]).loss
        if not labels:
            return caption, {"lossCaption": caption.item()}
        rows, drawn = draw_pairs(labels[0][chosen], labels[1][chosen])
        similarities = F.normalize(visual.flatten(0, 1)[rows], dim=-1) @ targets[drawn].T * torch.exp(-log_tau)
        own = torch.arange(len(rows))
        align = (F.cross_entropy(similarities, own) + F.cross_entropy(similarities.T, own)) / 2
        return caption + settings["lambda"] * align, {"lossCaption": caption.item(), "lossAlign": align.item()}

    groups = [{"params": trained, "lr": settings["learningRate"]}]
    return train("pretrain", settings["steps"], settings["batchSize"], len(records), groups, settings, loss_of)


def finetune(eyes, reader, adapter, records):
    settings = task["finetune"]
    reader.model.requires_grad_(True).train()
    sequences = [chat_sequence(reader, GRID * GRID, turns, settings["maxTokens"]) for _, turns in records]

    def loss_of(chosen):
        batch = collate([sequences[i] for i in chosen])
        visual = adapter(eyes.features([records[i][0] for i in chosen]))
        mask, positions = packed(batch["segments"])
        embeds = embed_with_image(reader, batch["ids"], visual)
        out = reader.model(inputs_embeds=embeds, attention_mask=mask, position_ids=positions, labels=batch["labels"])
        return out.loss, {}

    groups = [
        {"params": list(adapter.parameters()), "lr": settings["adapterLearningRate"]},
        {"params": list(reader.model.parameters()), "lr": settings["learningRate"]},
    ]
    return train("finetune", settings["steps"], settings["batchSize"], len(records), groups, settings, loss_of)


# --- benchmarks


@torch.inference_mode()
def answer(eyes, reader, adapter, questions, batch):
    """Greedy answers, by the number of the question; questions of similar length side by side, the longest first."""
    reader.model.eval()
    end, tokens = reader.tokenizer.convert_tokens_to_ids("</s>"), GRID * GRID
    prompts = [reader.start + [0] * tokens + reader.ids(f"<|user|>{one['text']}<|assistant|>") for one in questions]
    order = sorted(range(len(questions)), key=lambda i: -len(prompts[i]))
    found = {}
    for start in range(0, len(order), batch):
        chosen = order[start : start + batch]
        length = len(prompts[chosen[0]])
        visual = adapter(eyes.features([questions[i]["image"] for i in chosen]))
        rows = [embed_with_image(reader, torch.tensor([prompts[i]]), visual[k : k + 1]) for k, i in enumerate(chosen)]
        embeds = torch.cat([F.pad(row, (0, 0, length - row.shape[1], 0)) for row in rows])
        there = torch.tensor([[0] * (length - len(prompts[i])) + [1] * len(prompts[i]) for i in chosen])
        most = max(questions[i]["maxNewTokens"] for i in chosen)
        new = reader.model.generate(
            inputs_embeds=embeds, attention_mask=there, max_new_tokens=most, do_sample=False, eos_token_id=end, pad_token_id=end
        )
        for i, ids in zip(chosen, new.tolist()):
            own = ids[: questions[i]["maxNewTokens"]]
            found[i] = reader.tokenizer.decode(own, skip_special_tokens=True).strip()
    return [found[i] for i in range(len(questions))]


def main():
    phases = Phases()
    eyes, reader = Eyes(task["encoder"]), Reader(task["language"])
    captions, instructions = read_chat(task["captions"]), read_chat(task["instructions"])
    words = [word for word in Path(task["words"]).read_text().split("\n") if word]
    phases.end("load")
    labels = None
    if task["pretrain"]["lambda"] > 0:
        labels = label(eyes, captions, words)
        phases.end("labels")
    sample = torch.cat([eyes.features([path for path, _ in captions[at : at + SAMPLE]]) for at in range(0, STATISTICS, SAMPLE)
                        if at < len(captions)])
    with torch.no_grad():
        norm = reader.embed(torch.arange(reader.embed.num_embeddings)).norm(dim=-1).mean()
    adapter = Adapter(sample, reader.embed.embedding_dim, norm, task["gain"])
    losses = pretrain(eyes, reader, adapter, captions, labels, words)
    phases.end("pretrain")
    losses |= finetune(eyes, reader, adapter, instructions)
    phases.end("finetune")
    for name, own in task["benchmarks"].items():
        questions = [json.loads(line) for line in Path(own["questions"]).read_text().splitlines()]
        texts = answer(eyes, reader, adapter, questions, own["batchSize"])
        lines = [one["line"] | {"text": text} for one, text in zip(questions, texts)]
        Path(own["answers"]).write_text("".join(json.dumps(line) + "\n" for line in lines))
        phases.end(name)
    print(json.dumps({"seconds": phases.seconds, "losses": losses, "engine": f"torch {torch.__version__}"}))


main()
