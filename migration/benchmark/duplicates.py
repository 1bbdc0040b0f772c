"""Prompts that repeat each other, prompts that stand for many, and the proof that nothing held out is learned.

Out of scope: labels, and what is done with the prompts.

Near-duplicate means here: of the same task, and a Jaccard similarity of at
least `NEAR` between the character 4-grams of what the two prompts do not share with the rest of their task
(`own_text`), letters lower-cased, digits all alike, signs dropped. The shared template counts for nothing.
Where an answer is copied from its prompt (extraction), prompts with other values ask for other answers, however alike
they are: there a near-duplicate has the same answer too.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.feature_extraction.text import HashingVectorizer, TfidfVectorizer

from migration.benchmark.candidates import chat
from migration.errors import LeakError
from migration.schema import TaskType

NEAR = 0.8
"""Jaccard similarity of character 4-grams from which two prompts of a task are near-duplicates."""


def cover(texts: Sequence[str], n: int, weight: np.ndarray, *, seed: int = 7, most: int = 1500) -> list[int]:
    """Positions of `n` texts that between them are near to all (greedy facility location on TF-IDF n-grams).

    weight (len(texts),): how much each text wants to be near a chosen one; harder calls want it more. Of more than
    `most` texts a random part is looked at. Source: Lin & Bilmes 2011; greedy is within 1 - 1/e of the best.
    """
    order = np.random.default_rng(seed).permutation(len(texts))[:most]
    if len(order) <= 2:
        return order[:n].tolist()
    vectors = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True).fit_transform(
        [texts[at] or " empty " for at in order]
    )
    similar = (vectors @ vectors.T).toarray().astype(np.float32)
    nearest = np.zeros(len(order), np.float32)
    chosen: list[int] = []
    wanted = np.asarray(weight, np.float32)[order]
    for _ in range(min(n, len(order))):
        gains = np.maximum(similar - nearest[:, None], 0).T @ wanted
        gains[chosen] = -1
        best = int(gains.argmax())
        chosen.append(best)
        nearest = np.maximum(nearest, similar[best])
    return order[chosen].tolist()


def own_texts(messages: Iterable[object], like: pd.DataFrame | None = None) -> list[str]:
    """What each prompt does not share with the rest: its text without repeated system prompts and template parts.

    messages of one task. `like`: calls of that task, or of several, whose shared parts are taken away instead.
    """
    turns = [chat(each) for each in messages]
    others = turns if like is None else [chat(each) for each in like["messages"]]
    systems = Counter(m["content"] for each in others for m in each if m["role"] in ("system", "developer"))
    common = {text for text, count in systems.items() if count >= 3}
    rests = [_rest(each, common) for each in turns]
    shown = rests if like is None else [_rest(each, common) for each in others]
    words = [text.split(" ") for text in shown]
    head, tail = _majority(words), _majority([line[::-1] for line in words])
    stripped = []
    for text in rests:
        line = text.split(" ")
        line = line[len(head) :] if line[: len(head)] == head else line
        line = line[: len(line) - len(tail)] if tail and line[-len(tail) :] == tail[::-1] else line
        stripped.append(" ".join(line) or text)
    return stripped


def _rest(turns: list[dict[str, str]], common: set[str]) -> str:
    return "\n".join(turn["content"] for turn in turns if turn["content"] not in common)


def _majority(lines: list[list[str]]) -> list[str]:
    """The words that at least half of the lines begin with, one after the other."""
    words: list[str] = []
    going = [line for line in lines if line]
    while going and len(lines) >= 5:
        word, count = Counter(line[len(words)] for line in going if len(line) > len(words)).most_common(1)[0]
        if count < 0.5 * len(lines):
            break
        words.append(word)
        going = [line for line in going if len(line) > len(words) and line[len(words) - 1] == word]
    return words


def _grams(texts: Sequence[str]) -> sparse.csr_matrix:
    """Character 4-grams of normalised texts as a 0/1 matrix (n, 2**18)."""
    clean = [" ".join(re.sub(r"[^\w\s]+", " ", re.sub(r"\d", "0", text.casefold())).split()) for text in texts]
    hashing = HashingVectorizer(
        analyzer="char", ngram_range=(4, 4), n_features=2**18, binary=True, norm=None, alternate_sign=False,
        lowercase=False,
    )  # fmt: skip
    return hashing.transform([f" {text} " for text in clean]).astype(np.float32)


def near_pairs(first: Sequence[str], second: Sequence[str], near: float = NEAR) -> list[tuple[int, int]]:
    """(position in first, position in second) of all near-duplicates. Compares in blocks, without a Python loop."""
    if not len(first) or not len(second):
        return []
    return _near(_grams(first), _grams(second), near)


def _near(one: sparse.csr_matrix, two: sparse.csr_matrix, near: float = NEAR) -> list[tuple[int, int]]:
    pairs: list[tuple[int, int]] = []
    sizes = np.asarray(two.sum(1)).ravel()
    for start in range(0, one.shape[0], 500):
        block = one[start : start + 500]
        shared = (block @ two.T).tocoo()
        union = np.asarray(block.sum(1)).ravel()[shared.row] + sizes[shared.col] - shared.data
        hit = shared.data / union >= near
        pairs += zip((shared.row[hit] + start).tolist(), shared.col[hit].tolist(), strict=True)
    return pairs


def copied_answers(calls: pd.DataFrame) -> pd.Series:
    """The answer of each call of an extraction task, which its prompt holds; "" of all other calls.

    calls: response, and task_type where it is known.
    """
    if "task_type" not in calls:
        return pd.Series("", calls.index)
    copied = (calls["task_type"] == TaskType.EXTRACTION) & calls["response"].notna()
    return calls["response"].where(copied, "").map(lambda said: " ".join(said.split()))


def repeats(first: pd.DataFrame, second: pd.DataFrame) -> list[tuple[int, int]]:
    """(position in first, position in second) of calls of one task that ask the same.

    first, second: own_text, copied (of `copied_answers`; "" is compared with all).
    """
    if first.empty or second.empty:
        return []
    one, two = _grams(first["own_text"].tolist()), _grams(second["own_text"].tolist())
    theirs = {str(said): rows for said, rows in second.groupby("copied").indices.items()}
    unknown, every, found = theirs.get("", np.array([], int)), np.arange(len(second)), set()
    for said, mine in first.groupby("copied").indices.items():
        here = np.union1d(theirs.get(str(said), unknown), unknown) if said else every
        found |= {(int(mine[i]), int(here[j])) for i, j in _near(one[mine], two[here])} if len(here) else set()
    same = first.assign(at=np.arange(len(first))).merge(second.assign(of=every), on="own_text")[["at", "of"]]
    return sorted(found | set(same.itertuples(index=False, name=None)))


def near_any(rows: pd.DataFrame, others: pd.DataFrame) -> np.ndarray:
    """bool (n,): calls that repeat any of the others, exactly or nearly.

    rows, others: own_text, copied.
    """
    repeated = np.zeros(len(rows), bool)
    repeated[[one for one, _ in repeats(rows, others)]] = True
    return repeated


def first_of_near(rows: pd.DataFrame) -> np.ndarray:
    """bool (n,): calls that are no near-duplicate of a kept one before them.

    rows: own_text, copied.
    """
    kept = np.ones(len(rows), bool)
    for one, two in repeats(rows, rows):
        if one < two and kept[one]:
            kept[two] = False
    return kept


def check_leaks(train: pd.DataFrame, held: pd.DataFrame) -> None:
    """Prove that no training row repeats a held-out call or shares its conversation.

    train: own_text, copied, and where known call_id, conversation_id, task (a row without a task is compared with all).
    held: messages, response, task_type, call_id, conversation_id, task. Raises LeakError with the pairs and the first
    one's texts.
    """
    pairs, shown = [], ""
    conversations = held.dropna(subset=["conversation_id"]).drop_duplicates("conversation_id")
    owner = dict(zip(conversations["conversation_id"], conversations["call_id"], strict=True))
    for row in train[train["conversation_id"].isin(list(owner))].itertuples():
        pairs.append((str(row.call_id), owner[row.conversation_id]))
        shown = shown or "They are of one conversation."
    for task, group in held.groupby("task"):
        rows = train[(train["task"] == task) | train["task"].isna()]
        texts = group["own_text"].tolist() if "own_text" in group else own_texts(group["messages"])
        for one, two in repeats(rows, group.assign(own_text=texts, copied=copied_answers(group))):
            pairs.append((str(rows["call_id"].iloc[one]), str(group["call_id"].iloc[two])))
            shown = shown or f"Trained: {rows['own_text'].iloc[one][:120]!r}; held out: {texts[two][:120]!r}"
    if pairs:
        raise LeakError(pairs, shown)
