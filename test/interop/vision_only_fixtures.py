"""Makes the reference numbers of vision-only encoders: small random DINOv2 and MAE checkpoints and what transformers computes.

usage: vision_only_fixtures.py GOLDEN

GOLDEN holds `images` (decoded pictures); `dinov2-tiny`, `dinov2-reg-tiny` and `vit-mae-tiny` are written beside it, in the
layout and by the conventions of its README.md. Needs torch, transformers 5, safetensors and Pillow before 13.
"""
import json
import pathlib
import sys

import numpy
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from transformers import (
    Dinov2Config,
    Dinov2Model,
    Dinov2WithRegistersConfig,
    Dinov2WithRegistersModel,
    ViTConfig,
    ViTMAEConfig,
    ViTMAEForPreTraining,
    ViTModel,
)
from transformers.models.bit.image_processing_pil_bit import BitImageProcessorPil
from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

PICTURES = ["portrait_rgb.png", "landscape.jpg"]
MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
SIZES = dict(hidden_size=32, num_hidden_layers=3, num_attention_heads=4, patch_size=7, image_size=42)


def random_weights(model, seed):
    """Nothing is left at 0 or 1, so that no term can be forgotten unnoticed."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            if "lambda1" in name:
                parameter.copy_(0.6 + 0.3 * noise)
            elif "norm" in name and name.endswith("weight"):
                parameter.copy_(1 + 0.2 * noise)
            elif name.endswith("bias"):
                parameter.copy_(0.2 * noise)
            elif "token" in name or ("position" in name and parameter.requires_grad):
                parameter.copy_(0.7 * noise)
            elif parameter.requires_grad:  # MAE's sines and cosines stay
                parameter.copy_(1.2 * noise / parameter[0].numel() ** 0.5)
    return model.eval()


def padded(image):
    """On a square of the longer edge, as LLaVA pads."""
    side = max(image.size)
    square = Image.new("RGB", (side, side), tuple(int(255 * mean) for mean in MEAN))
    square.paste(image, ((side - image.width) // 2, (side - image.height) // 2))
    return square


def preprocess(processor, mode, pictures, tensors):
    """Pixels of every picture as the file's processor makes them, without and with padding."""
    cases = []
    for name in PICTURES:
        image = Image.fromarray(pictures[f"rgb/{name}"].numpy().astype(numpy.uint8), "RGB")
        for how, given in ((mode, image), ("pad", padded(image))):
            key = f"pixel_values/{how}/rgb/{name}"
            tensors[key] = torch.from_numpy(exactly(processor, given))
            cases.append(dict(name=key, kind="preprocess", image=name, variant="rgb", mode=how, tensor=key))
    return cases


def exactly(processor, image):
    """(x / 255 - mean) / std, each step in float32, of the 8-bit picture that the processor resizes and cuts."""
    levels = processor(image, do_rescale=False, do_normalize=False, return_tensors="np")["pixel_values"][0]
    assert numpy.array_equal(levels, numpy.round(levels))
    column = lambda values: numpy.array(values, numpy.float32).reshape(3, 1, 1)
    pixels = ((levels / 255).astype(numpy.float32) - column(MEAN)) / column(STD)
    theirs = processor(image, return_tensors="np")["pixel_values"][0]
    assert numpy.abs(pixels - theirs).max() < 1e-6
    return pixels.astype(numpy.float32)


def vision(name, hidden, keys, tensors):
    """One case: hidden states of some pixels, in float32, and how far they are from float64."""
    pixels = torch.stack([tensors[key] for key in keys])
    found, exact = hidden(pixels, torch.float32), hidden(pixels.double(), torch.float64)
    states = []
    for i, (state, reference) in enumerate(zip(found, exact)):
        key = f"vision_hidden/{name}/{i}"
        tensors[key] = state.contiguous()
        FP64[key] = (state.double() - reference).abs().max().item()
        states.append(key)
    return dict(name=name, kind="vision-only", size=pixels.shape[-1], inputs=keys, hidden_states=states)


FP64 = {}


def noise(size, tensors):
    """Pixels of a size that no processor here makes."""
    generator = torch.Generator().manual_seed(size)
    key = f"pixel_values/noise/{size}"
    tensors[key] = torch.randn(3, size, size, generator=generator)
    return [key]


def write(folder, model, processor, processor_json, mode, pictures, hidden):
    tensors = {}
    FP64.clear()
    model.save_pretrained(folder)
    cases = preprocess(processor, mode, pictures, tensors)
    processed = [case["tensor"] for case in cases]
    with torch.no_grad():
        cases.append(vision("processed", hidden, processed, tensors))
        cases.append(vision("trained-size", hidden, noise(42, tensors), tensors))
        cases.append(vision("larger, not whole patches", hidden, noise(66, tensors), tensors))
    (folder / "preprocessor_config.json").write_text(json.dumps(processor_json, indent=2) + "\n")
    save_file(tensors, folder / "expected.safetensors")
    facts = {}
    for key, value in sorted(tensors.items()):
        largest = value.abs().max().item()
        facts[key] = dict(shape=list(value.shape), dtype="float32", max_abs_value=largest)
        if key in FP64:
            facts[key]["fp64"] = dict(max_abs=FP64[key], rel_to_max=FP64[key] / largest)
    worst = dict(max_abs=max(FP64.values()), rel_to_max=max(f["fp64"]["rel_to_max"] for f in facts.values() if "fp64" in f))
    listing = dict(model=folder.name, notes={}, worst_fp32_vs_fp64=worst, cases=cases, tensors=facts)
    (folder / "cases.json").write_text(json.dumps(listing, indent=1) + "\n")
    print(folder.name, worst, sum(file.stat().st_size for file in folder.iterdir()), "bytes")


def states_of(model):
    def hidden(pixels, dtype):
        return model.to(dtype)(pixel_values=pixels, output_hidden_states=True).hidden_states

    return hidden


def mae_states(model):
    """Nothing masked, and the patches in raster order: with equal weights a plain ViT gives the same."""
    config = {key: getattr(model.config, key) for key in (*SIZES, "intermediate_size", "layer_norm_eps")}
    plain = ViTModel(ViTConfig(**config, attn_implementation="eager"), add_pooling_layer=False).eval()
    plain.load_state_dict(model.vit.state_dict())

    def hidden(pixels, dtype):
        model.vit.to(dtype).config.mask_ratio = 0.0
        order = torch.arange((pixels.shape[-1] // 7) ** 2, dtype=dtype).expand(len(pixels), -1)
        options = dict(pixel_values=pixels, interpolate_pos_encoding=True, output_hidden_states=True)
        found = model.vit(noise=order, **options).hidden_states
        for mine, theirs in zip(found, plain.to(dtype)(**options).hidden_states, strict=True):
            assert (mine - theirs).abs().max() < 1e-5
        model.vit.config.mask_ratio = 0.75
        return found

    return hidden


def main(golden):
    pictures = load_file(golden / "images" / "expected.safetensors")
    eager = dict(attn_implementation="eager")
    normal = dict(image_mean=MEAN, image_std=STD)
    bit = dict(size={"shortest_edge": 32}, crop_size={"height": 28, "width": 28}, **normal)
    switches = dict(do_center_crop=True, do_convert_rgb=True, do_normalize=True, do_rescale=True, do_resize=True)
    bit_json = dict(**switches, **bit, image_processor_type="BitImageProcessor", resample=3, rescale_factor=1 / 255)

    torch.manual_seed(0)
    model = random_weights(Dinov2Model(Dinov2Config(**SIZES, mlp_ratio=2, **eager)), 1)
    write(golden / "dinov2-tiny", model, BitImageProcessorPil(**bit), bit_json, "crop", pictures, states_of(model))

    config = Dinov2WithRegistersConfig(**SIZES, mlp_ratio=2, use_swiglu_ffn=True, num_register_tokens=3, **eager)
    model = random_weights(Dinov2WithRegistersModel(config), 2)
    write(golden / "dinov2-reg-tiny", model, BitImageProcessorPil(**bit), bit_json, "crop", pictures, states_of(model))

    decoder = dict(hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=24)
    decoder = {f"decoder_{key}": value for key, value in decoder.items()}
    model = random_weights(ViTMAEForPreTraining(ViTMAEConfig(**SIZES, intermediate_size=64, **decoder, **eager)), 3)
    processor = ViTImageProcessorPil(size={"height": 42, "width": 42}, **normal)
    # as its first files have it: an old name, a plain number, and a filter that goes without saying (bilinear)
    old = dict(do_normalize=True, do_resize=True, feature_extractor_type="ViTFeatureExtractor", size=42, **normal)
    write(golden / "vit-mae-tiny", model, processor, old, "resize", pictures, mae_states(model))


torch.set_num_threads(1)
main(pathlib.Path(sys.argv[1]))
