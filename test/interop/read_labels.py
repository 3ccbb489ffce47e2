"""Prints the labels of a folder that `extract-labels` wrote, as one JSON line an image.

usage: read_labels.py FOLDER
"""
import json
import pathlib
import sys

from safetensors.numpy import load_file


def read_labels(folder):
    """Yields each image with its words [patches, top] (their places in the list), scores, and which of them are labels."""
    manifest = json.loads((folder / "manifest.json").read_text())
    for shard in manifest["shards"]:
        tensors = load_file(folder / shard["file"])  # words: uint16 or int32, scores: float16
        for i in range(shard["count"]):
            image = manifest["images"][shard["start"] + i]
            words, scores = tensors["words"][i].astype("int64"), tensors["scores"][i].astype("float32")
            kept = (words < len(manifest["words"])) & (scores >= manifest.get("minScore", -1))
            yield image, words, scores, kept


if __name__ == "__main__":
    for image, words, scores, kept in read_labels(pathlib.Path(sys.argv[1])):
        labels = [
            [[int(w), float(s)] for w, s, k in zip(*row) if k] for row in zip(words, scores, kept)
        ]
        print(json.dumps({"image": image, "patches": labels}))
