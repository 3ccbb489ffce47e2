"""The same training steps written plainly in PyTorch, eager, float32, from the same weights and batch. Prints JSON.

The folder in the task holds `tensors.safetensors` (`weight/NAME`, `batch/NAME`) and `task.json` (losses, configuration, the
optimiser's settings of every parameter, the schedule). With `profile` the milliseconds of each operation are printed instead.
Attention is `scaled_dot_product_attention`, AdamW the fused one.
"""

import json
import math
import resource
import sys
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file

HIDDEN = -1e9


def within(weights, prefix):
    return {name[len(prefix) :]: value for name, value in weights.items() if name.startswith(prefix)}


def split_heads(x, heads):
    return x.view(x.shape[0], x.shape[1], heads, -1).transpose(1, 2)


def join_heads(x):
    return x.transpose(1, 2).reshape(x.shape[0], x.shape[2], -1)


# --- decoder (Llama, Gemma)


def rms_norm(x, weight, config):
    gain = weight + 1 if config["family"] == "gemma" else weight
    return F.rms_norm(x, (x.shape[-1],), gain, config["rmsEps"])


def rotary(positions, config):
    half = config["headDim"] // 2
    frequencies = config["ropeTheta"] ** (-torch.arange(half, dtype=torch.float32) / half)
    angles = positions[:, None, :, None].float() * frequencies
    return torch.cat([angles.cos()] * 2, -1), torch.cat([angles.sin()] * 2, -1)


def rotate(x, turned):
    a, b = x.chunk(2, -1)
    return x * turned[0] + torch.cat([-b, a], -1) * turned[1]


def decode(w, x, config, positions=None, mask=None):
    length = x.shape[1]
    turned = rotary(torch.arange(length)[None] if positions is None else positions, config)
    for i in range(config["layers"]):
        own = within(w, f"model.layers.{i}.")
        y = rms_norm(x, own["input_layernorm.weight"], config)
        q, k, v = (F.linear(y, own[f"self_attn.{part}_proj.weight"]) for part in "qkv")
        q, k, v = split_heads(q, config["heads"]), split_heads(k, config["kvHeads"]), split_heads(v, config["kvHeads"])
        q, k = rotate(q, turned), rotate(k, turned)
        grouped = config["heads"] != config["kvHeads"]
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=mask is None, enable_gqa=grouped)
        x = x + F.linear(join_heads(mixed), own["self_attn.o_proj.weight"])
        y = rms_norm(x, own["post_attention_layernorm.weight"], config)
        gate, up = F.linear(y, own["mlp.gate_proj.weight"]), F.linear(y, own["mlp.up_proj.weight"])
        active = F.silu(gate) if config["activation"] == "silu" else F.gelu(gate, approximate="tanh")
        x = x + F.linear(active * up, own["mlp.down_proj.weight"])
    return rms_norm(x, w["model.norm.weight"], config)


def embed(w, ids, config):
    x = F.embedding(ids, w["model.embed_tokens.weight"])
    return x * math.sqrt(config["hidden"]) if config["family"] == "gemma" else x


def head(w):
    return w.get("lm_head.weight", w["model.embed_tokens.weight"])


def language_loss(w, batch, task):
    config = task["config"]
    last = decode(w, embed(w, batch["ids"], config), config)
    logits = F.linear(last, head(w)).flatten(0, 1)
    losses = F.cross_entropy(logits, batch["next"].flatten(), reduction="none", ignore_index=-100)
    share = batch["weights"].flatten()
    return (losses * share).sum() / share.sum()


# --- LLaVA's two stages


def visual_tokens(w, batch, task):
    features = batch["features"] if "features" in batch else tower_features(w, batch["pixels"], task["vision"])
    x = (features - w["standardise.mean"]) * w["standardise.scale"]
    x = F.gelu(F.linear(x, w["projector.linear_1.weight"], w["projector.linear_1.bias"]))
    return F.linear(x, w["projector.linear_2.weight"], w["projector.linear_2.bias"])


def packed_mask(segments):
    query, key = segments[:, None, :, None], segments[:, None, None, :]
    seen = (query == key) | ((key == 0) & (query >= 0))
    length = segments.shape[1]
    return seen & torch.ones(length, length, dtype=torch.bool).tril()


def generation_loss(w, visual, batch, config):
    language = within(w, "language.")
    words = embed(language, batch["ids"], config)
    rows = torch.cat([words.flatten(0, 1), visual.flatten(0, 1)])
    x = rows.index_select(0, batch["source"]).view(words.shape)
    mask = packed_mask(batch["segments"]) if "segments" in batch else None
    last = decode(language, x, config, batch.get("positions"), mask)
    logits = F.linear(last.flatten(0, 1).index_select(0, batch["read"].flatten()[batch["at"]]), head(language))
    losses = F.cross_entropy(logits, batch["next"], reduction="none", ignore_index=-100)
    return (losses * batch["share"]).sum()


def contrastive(similarities, kept=None):
    if kept is None:
        labels = torch.arange(len(similarities))
        return (F.cross_entropy(similarities, labels) + F.cross_entropy(similarities.T, labels)) / 2
    labels = torch.arange(len(similarities))
    hide = (1 - kept) * HIDDEN
    across = F.cross_entropy(similarities + hide[None], labels, reduction="none")
    down = F.cross_entropy((similarities + hide[:, None]).T, labels, reduction="none")
    return ((across + down) / 2 * kept).sum() / kept.sum()


def pretrain_loss(w, batch, task):
    visual = visual_tokens(w, batch, task)
    caption = generation_loss(w, visual, batch, task["config"])
    if task["lambda"] == 0:
        return caption
    x = F.normalize(visual.flatten(0, 1).index_select(0, batch["rows"]), dim=1)
    t = F.normalize(w["align.targets"].index_select(0, batch["words"]), dim=1)
    similarities = x @ t.T * torch.exp(-w["align.logTemperature"])
    return caption + task["lambda"] * contrastive(similarities, batch["kept"])


def finetune_loss(w, batch, task):
    return generation_loss(w, visual_tokens(w, batch, task), batch, task["config"])


# --- CLIP


def block(w, x, config, causal):
    def linear(name, y):
        return F.linear(y, w[f"{name}.weight"], w[f"{name}.bias"])

    def norm(name, y):
        return F.layer_norm(y, (y.shape[-1],), w[f"{name}.weight"], w[f"{name}.bias"], config["layerNormEps"])

    y = norm("layer_norm1", x)
    q, k, v = (split_heads(linear(f"self_attn.{part}_proj", y), config["heads"]) for part in "qkv")
    x = x + linear("self_attn.out_proj", join_heads(F.scaled_dot_product_attention(q, k, v, is_causal=causal)))
    y = linear("mlp.fc1", norm("layer_norm2", x))
    return x + linear("mlp.fc2", y * torch.sigmoid(1.702 * y))


def tower(w, x, config, causal):
    for i in range(config["layers"]):
        x = block(within(w, f"encoder.layers.{i}."), x, config, causal)
    return x


def layer_norm(w, name, x, config):
    return F.layer_norm(x, (x.shape[-1],), w[f"{name}.weight"], w[f"{name}.bias"], config["layerNormEps"])


def embed_image(own, pixels, config):
    filters = own["embeddings.patch_embedding.weight"]
    patches = F.conv2d(pixels.permute(0, 3, 1, 2), filters, stride=config["patchSize"]).flatten(2).transpose(1, 2)
    first = own["embeddings.class_embedding"].view(1, 1, -1).expand(len(pixels), -1, -1)
    x = torch.cat([first, patches], 1) + own["embeddings.position_embedding.weight"]
    return layer_norm(own, "pre_layrnorm", x, config)


def tower_features(w, pixels, config):
    """LLaVA's: the patches before the last block."""
    own = within(w, "vision.vision_model.")
    x = embed_image(own, pixels, config)
    return tower(own, x, {**config, "layers": config["layers"] - 1}, False)[:, 1:]


def image_tokens(w, pixels, config):
    own = within(w, "vision_model.")
    x = tower(own, embed_image(own, pixels, config), config, False)
    return F.linear(layer_norm(own, "post_layernorm", x, config), w["visual_projection.weight"])


def caption_embeds(w, ids, config):
    own = within(w, "text_model.")
    x = F.embedding(ids, own["embeddings.token_embedding.weight"])
    x = tower(own, x + own["embeddings.position_embedding.weight"][: ids.shape[1]], config, True)
    end = (ids == config["eos"]).int().argmax(1)
    pooled = x[torch.arange(len(x)), end]
    return F.linear(layer_norm(own, "final_layer_norm", pooled, config), w["text_projection.weight"])


def standardise(sample):
    mean = sample.mean(0, keepdim=True)
    deviation = (sample.var(0, correction=0, keepdim=True) + 1e-6).sqrt()
    return lambda x: (x - mean) / deviation


def encoder_loss(w, batch, task):
    config = task["config"]
    projected = image_tokens(w, batch["pixels"], config["vision"])
    whole, patches = projected[:, 0], projected[:, 1:]
    average = patches.mean(1)
    image = standardise(torch.cat([whole, average]))
    words = caption_embeds(w, batch["ids"], config["text"])
    z = F.normalize(standardise(words)(words), dim=1)
    cosine = F.normalize(image(patches.flatten(0, 1)), dim=1) @ z.T
    along = cosine.view(len(patches), patches.shape[1], -1).transpose(1, 2)
    pooled = (F.softmax(along * 10, -1) * along).sum(-1)
    terms = {
        "global": F.normalize(image(whole), dim=1) @ z.T,
        "mean": F.normalize(image(average), dim=1) @ z.T,
        "pooled": pooled,
    }
    return sum(contrastive(x * w[f"scale.{name}"].exp().clamp(max=100)) for name, x in terms.items())


# --- optimisers and steps


class Muon(torch.optim.Optimizer):
    """Momentum made orthogonal by five Newton-Schulz rounds (github.com/KellerJordan/Muon), matrix by matrix."""

    def __init__(self, groups):
        super().__init__(groups, {"momentum": 0.95})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                m = self.state[p].setdefault("m", torch.zeros_like(p))
                m.mul_(group["momentum"]).add_(p.grad)
                x = p.grad.add(m, alpha=group["momentum"])
                tall = x.shape[0] > x.shape[1]
                x = x.T if tall else x
                x = x / (x.norm() + 1e-7)
                for _ in range(5):
                    square = x @ x.T
                    x = 3.4445 * x + (-4.775 * square + 2.0315 * square @ square) @ x
                size = math.sqrt(max(1, p.shape[0] / p.shape[1]))
                p.add_(x.T if tall else x, alpha=-group["lr"] * size)


def optimisers(weights, settings):
    adamw, muon = {}, {}
    for name, own in settings.items():
        if own["optimiser"] == "muon":
            muon.setdefault(own["rate"], []).append(weights[name])
            continue
        key = (own["rate"], own.get("beta1", 0.9), own.get("beta2", 0.999), own.get("weightDecay", 0))
        adamw.setdefault(key, []).append(weights[name])
    found = []
    if adamw:
        groups = [
            {"params": p, "lr": rate, "betas": (one, two), "weight_decay": decay}
            for (rate, one, two, decay), p in adamw.items()
        ]
        found.append(torch.optim.AdamW(groups, eps=1e-8, fused=True))
    if muon:
        found.append(Muon([{"params": p, "lr": rate} for rate, p in muon.items()]))
    for optimiser in found:
        for group in optimiser.param_groups:
            group["peak"] = group["lr"]
    return found


def main():
    asked = json.loads(sys.argv[1])
    torch.set_num_threads(asked["threads"])
    folder = Path(asked["folder"])
    task = json.loads((folder / "task.json").read_text())
    tensors = load_file(folder / "tensors.safetensors")
    weights, batch = within(tensors, "weight/"), within(tensors, "batch/")
    batch = {name: value.long() if value.dtype == torch.int32 else value for name, value in batch.items()}
    trained = [weights[name].requires_grad_() for name in task["optimisers"]]
    found = optimisers(weights, task["optimisers"])
    loss_of = {
        "pretrain": pretrain_loss,
        "finetune": finetune_loss,
        "language": language_loss,
        "encoder": encoder_loss,
    }[task["loss"]]
    wall, cpu, losses = [], [], []
    profiler = torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) if asked.get("profile") else None
    for step, rate in enumerate(task["rates"]):
        if profiler and step == asked["warm"]:
            profiler.start()
        begun, used = time.perf_counter(), time.process_time()
        for optimiser in found:
            optimiser.zero_grad(set_to_none=True)
            for group in optimiser.param_groups:
                group["lr"] = group["peak"] * rate
        loss = loss_of(weights, batch, task)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, task["clip"])
        for optimiser in found:
            optimiser.step()
        losses.append(loss.item())
        if step >= asked["warm"]:
            wall.append(1000 * (time.perf_counter() - begun))
            cpu.append(1000 * (time.process_time() - used))
    if profiler:
        profiler.stop()
        averages = profiler.key_averages()
        print(json.dumps({"kernels": {one.key: one.self_cpu_time_total / 1000 / len(wall) for one in averages}}))
        return
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"wall": wall, "cpu": cpu, "losses": losses, "peak": peak, "engine": f"torch {torch.__version__}"}))


main()
