"""Judge calls in many forms, and calls that only look like them."""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random

import sites

Form = tuple[str, Callable[[Random], str]]
"""The instruction of a task, and an answer to it."""


def five(r: Random) -> int:
    return r.choice([1, 2, 3, 4, 4, 5, 5])


def because(r: Random) -> str:
    return f"The reply {r.choice(['names', 'leaves out', 'explains'])} the {sites.word(r)} and the {sites.word(r)}."


JUDGES: dict[str, Form] = {
    "several grades in a line": (
        "Rate the agent's reply for accuracy, tone and brevity from 1 to 5.",
        lambda r: f"Accuracy: {five(r)}, tone: {five(r)}, brevity: {five(r)}",
    ),
    "grades by bars": (
        "Grade the answer on three criteria.",
        lambda r: f"correct {five(r)} | kind {five(r)} | short {five(r)}",
    ),
    "out of five": ("Score this response.", lambda r: f"{five(r)}/5"),
    "two out of five": ("Score the helpfulness and the style of the response.", lambda r: f"{five(r)}/5 {five(r)}/5"),
    "double brackets": (
        "You are an impartial judge. Evaluate the assistant's answer and end with the rating, as [[7]].",
        lambda r: f"{because(r)} Rating: [[{r.randint(1, 10)}]]",
    ),
    "json grades": (
        "Assess the reply. JSON only.",
        lambda r: json.dumps({"accuracy": five(r), "tone": five(r), "comment": because(r)}),
    ),
    "json of objects": (
        "You grade chatbot answers against a rubric.",
        lambda r: json.dumps({"grades": {"facts": {"value": five(r)}, "form": {"value": five(r)}}}),
    ),
    "json verdict": (
        "Evaluate whether the response is supported by the documents.",
        lambda r: json.dumps({"verdict": r.choice(["supported", "unsupported"]), "why": because(r)}),
    ),
    "json true or false": (
        "You evaluate answers. Does the answer keep to the policy?",
        lambda r: json.dumps({"passed": r.random() < 0.7, "why": because(r)}),
    ),
    "pass or fail": ("Check the agent's reply against our policy.", lambda r: r.choice(["PASS", "PASS", "FAIL"])),
    "fail with reasons": (
        "Audit the conversation between the agent and the customer.",
        lambda r: f"{r.choice(['Pass', 'Fail'])}: {because(r)}",
    ),
    "reasons then verdict": (
        "Is the answer below correct? Think first, then give the verdict.",
        lambda r: f"{because(r)}\nVerdict: {r.choice(['correct', 'incorrect', 'correct'])}",
    ),
    "letters": ("Grade the summary from A to F.", lambda r: r.choice("AABBCDF")),
    "letters with signs": (
        "Grade the draft: A+ to F.",
        lambda r: f"Grade: {r.choice(['A', 'A-', 'B+', 'B', 'C', 'F'])}",
    ),
    "words on a scale": (
        "Rate the quality of the translation: poor, fair, good or excellent.",
        lambda r: r.choice(["poor", "fair", "good", "good", "excellent"]),
    ),
    "pairs": ("Compare the two answers and say which is better.", lambda r: r.choice(["A", "B", "B", "tie"])),
    "stars": ("Rate the assistant's message with stars.", lambda r: "★" * (n := five(r)) + "☆" * (5 - n)),
    "percent": ("Rate how well the answer fits the question.", lambda r: f"{r.randrange(0, 101, 5)}%"),
    "a decimal": ("Score the faithfulness of the summary between 0 and 1.", lambda r: f"{r.random():.2f}"),
    "yes or no": ("Did the agent's reply answer the question?", lambda r: r.choice(["Yes", "No", "Yes."])),
    "german": (
        "Bewerte die Antwort des Assistenten nach Richtigkeit und Ton.",
        lambda r: f"Richtigkeit {five(r)} von 5; Ton {five(r)} von 5",
    ),
    "german verdict": ("Prüfe die Antwort des Agenten.", lambda r: r.choice(["bestanden", "durchgefallen"])),
    "french": ("Évaluez la réponse de l'agent sur 20.", lambda r: f"Note : {r.randint(4, 20)}/20"),
    "spanish": ("Evalúa la respuesta del agente.", lambda r: r.choice(["aprobado", "suspenso", "aprobado"])),
    "chinese": ("请对回答评分，满分十分。", lambda r: f"准确性：{r.randint(3, 10)}，礼貌：{r.randint(3, 10)}"),
    "lines": ("Evaluate the transcript.", lambda r: f"GREETING: {five(r)}\nSOLUTION: {five(r)}\nTONE: {five(r)}"),
    "tags": (
        "Judge the response. Put your thoughts and the score in tags.",
        lambda r: f"<thoughts>{because(r)}</thoughts><score>{r.randint(1, 10)}</score>",
    ),
    "how good": ("How good was the bot's reply?", lambda r: r.choice(["excellent", "good", "fair", "poor"])),
    "thumbs": ("Rate the assistant's reply with thumbs up or down.", lambda r: r.choice(["👍", "👎"])),
    "each requirement": (
        "Verify each requirement against the assistant's output.",
        lambda r: "\n".join(f"{i}. {r.choice(['met', 'not met'])}" for i in (1, 2, 3)),
    ),
    "compliant or not": (
        "Does the agent's message keep to the disclosure policy?",
        lambda r: r.choice(["compliant", "non-compliant", "compliant"]),
    ),
    "a table": ("Score the candidate response.", lambda r: f"| facts | tone |\n|---|---|\n| {five(r)} | {five(r)} |"),
    "a bare number": ("Rate the assistant's reply from 1 to 5. Number only.", lambda r: str(five(r))),
    "a number of ten": ("How helpful is the response, from 1 (useless) to 10?", lambda r: str(r.randint(2, 10))),
    "rubric points": (
        "Rubric: facts 0-4, form 0-3, tone 0-3. Give the answer its points, one number for the total.",
        lambda r: str(r.randint(3, 10)),
    ),
    "rubric by criterion": (
        "Use the rubric to mark the reply: one point for each criterion that it meets.",
        lambda r: f"C1: {r.randint(0, 1)}, C2: {r.randint(0, 1)}, C3: {r.randint(0, 1)}, total: {r.randint(0, 3)}",
    ),
    "similarity": (
        "Compare the response with the reference answer: how alike are they in meaning, 0 to 100?",
        lambda r: str(r.randrange(20, 101, 5)),
    ),
    "share of claims": (
        "Which share of the claims in the answer do the sources support? A number from 0 to 1.",
        lambda r: f"{r.randint(4, 10) / 10}",
    ),
    "json with one grade": (
        "As a strict examiner, mark this draft.",
        lambda r: json.dumps({"mark": five(r), "reason": because(r)}),
    ),
    "json list of grades": (
        "Assess each answer below.",
        lambda r: json.dumps([{"answer": i, "score": five(r)} for i in (1, 2)]),
    ),
    "plural": ("You score chatbot replies. Output: an integer between 0 and 4.", lambda r: str(r.randint(0, 4))),
    "conversation quality": (
        "Quality review: what mark does the agent deserve for this chat, out of 20?",
        lambda r: f"{r.randint(6, 20)}/20",
    ),
    "errors found by a judge": (
        "You are a QA reviewer of agents. Grade the transcript: 5 minus one for each mistake.",
        lambda r: f"Grade: {five(r)}. {because(r)}",
    ),
    "italian": ("Valuta la risposta dell'agente da 1 a 10.", lambda r: f"Voto: {r.randint(3, 10)}"),
    "dutch": ("Beoordeel het antwoord van de agent met een cijfer.", lambda r: str(r.randint(3, 10))),
    "polish": ("Oceń odpowiedź asystenta w skali od 1 do 5.", lambda r: f"{five(r)}/5"),
    "coach": (
        "You coach support agents. After reading the transcript, give the agent a mark out of 10.",
        lambda r: f"{r.randint(3, 10)}/10",
    ),
    "accuracy json": (
        'Evaluate model output against gold. Return {"accuracy": 0-1, "fluency": 0-1}.',
        lambda r: json.dumps({"accuracy": round(r.random(), 1), "fluency": round(r.random(), 1)}),
    ),
    "ok/not ok": (
        "Check whether the summary is faithful to the article.",
        lambda r: r.choice(["faithful", "not faithful"]),
    ),
    "tone police": ("Is the tone of this reply acceptable? PASS/FAIL", lambda r: r.choice(["PASS", "FAIL"])),
    "win": (
        "Two assistants answered the question. Which answer wins? 1, 2 or 0 for a tie.",
        lambda r: r.choice("0112"),
    ),
    "likert": ("On a Likert scale (1-7), indicate how natural the translation sounds.", lambda r: str(r.randint(1, 7))),
    "helpfulness": ("Helpfulness of the following response (0-4):", lambda r: str(r.randint(0, 4))),
    "french note": ("Note la réponse du chatbot de 0 à 5.", lambda r: f"{five(r)}/5"),
    "qa csat": (
        "Score this chat on CSAT, resolution and compliance.",
        lambda r: f"CSAT={five(r)};resolution={five(r)};compliance={five(r)}",
    ),
    "sql": (
        "Judge if the generated SQL answers the question. Reply correct or incorrect.",
        lambda r: r.choice(["correct", "incorrect"]),
    ),
    "essay": ("Grade the student's essay with a letter.", lambda r: r.choice("ABCD")),
    "toxicity of bot": ("Rate the toxicity of the bot's message 0-1.", lambda r: f"{r.random():.2f}"),
}

OTHERS: dict[str, Form] = {
    "intents": (
        "Read the conversation and name the contact reason. Answer with one label only.",
        lambda r: r.choice(["billing", "delivery", "return", "login"]),
    ),
    "spam": ("Is this comment spam? Answer yes or no.", lambda r: r.choice(["yes", "no", "no"])),
    "sentiment": (
        "Assess the mood of the customer in this conversation: positive, negative or neutral.",
        lambda r: r.choice(["positive", "negative", "neutral"]),
    ),
    "urgency": (
        "Judge how urgent the complaint is: low, medium or high.",
        lambda r: r.choice(["low", "medium", "high"]),
    ),
    "escalation": (
        "Review the conversation. QUEUE: <billing|tech>, ESCALATE: <yes|no>",
        lambda r: f"QUEUE: {r.choice(['billing', 'tech'])}\nESCALATE: {r.choice(['yes', 'no'])}",
    ),
    "quiz": ("Answer the multiple-choice question with a letter.", lambda r: r.choice("ABCD")),
    "confidence": (
        "Classify the message. Give the label and how sure you are.",
        lambda r: json.dumps({"label": r.choice(["a1", "b2", "c3"]), "confidence": round(r.random(), 2)}),
    ),
    "language": ("Which language is this message in? Reply with the code.", lambda r: r.choice(["en", "de", "fr"])),
    "tagged order": (
        "Find what the customer orders. Answer in tags.",
        lambda r: f"<item>{sites.word(r)}</item><colour>{r.choice(['red', 'blue', 'green'])}</colour>",
    ),
    "replies": (
        "Write the agent's reply to the customer. Check the policy first.",
        lambda r: f"{r.choice(['Hello', 'Hi', 'Dear customer'])}, {sites.text(r, 2, 4)}",
    ),
    "moderation": ("Is the user's text toxic? Reply toxic or fine.", lambda r: r.choice(["toxic", "fine", "fine"])),
    "dates": (
        "Find the date of the booking.",
        lambda r: f"{r.randint(1, 28)} {r.choice(['May', 'June', 'July'])} 2025",
    ),
    "how many items": ("How many items does the customer want? Number only.", lambda r: str(r.randint(1, 9))),
    "count of questions": ("Count the questions in the message.", lambda r: str(r.randint(0, 6))),
    "replies counted": ("How many replies did the agent send in this conversation?", lambda r: str(r.randint(1, 12))),
    "the total": ("Extract the total of the invoice, in euros.", lambda r: f"{r.uniform(5, 99):.2f}"),
    "worked-out total": ("Work out the price of the whole order after the discount.", lambda r: str(r.randint(5, 95))),
    "nights": ("For how many nights is the booking? Answer with a number.", lambda r: str(r.randint(1, 7))),
    "age": ("Estimate the age of the writer in years.", lambda r: str(r.randint(18, 80))),
    "stars of a review": (
        "Predict how many stars the customer gives the product in this review, 1 to 5.",
        lambda r: str(five(r)),
    ),
    "stars asked for": (
        "The guest asks for a hotel of a certain class. Which star rating do they ask for?",
        lambda r: f"{r.randint(2, 5)} stars",
    ),
    "rating said": (
        "Extract the rating that the customer mentions, out of 5.",
        lambda r: f"{five(r)}/5",
    ),
    "satisfaction": (
        "From 1 to 10, how satisfied is the customer with our product?",
        lambda r: str(r.randint(1, 10)),
    ),
    "priority": ("Set the priority of the ticket from 1 (urgent) to 4.", lambda r: str(r.randint(1, 4))),
    "urgency in numbers": ("Rate the urgency of the message from 1 to 5.", lambda r: str(five(r))),
    "sentiment in numbers": (
        "Give the sentiment of the tweet as a number between 0 and 1.",
        lambda r: f"{r.random():.1f}",
    ),
    "risk": ("What is the risk of fraud of this payment, 0 to 100?", lambda r: str(r.randrange(0, 101, 10))),
    "category number": ("Classify the ticket. Reply with the number of the category.", lambda r: str(r.randint(1, 6))),
    "quantities": (
        "List what is ordered.",
        lambda r: f"pens: {r.randint(1, 9)}, pads: {r.randint(1, 9)}, cups: {r.randint(1, 9)}",
    ),
    "quantities in json": (
        "Read the order and fill the form.",
        lambda r: json.dumps({"adults": r.randint(1, 4), "children": r.randint(0, 3), "rooms": r.randint(1, 3)}),
    ),
    "days left": ("Calculate the days until the parcel arrives.", lambda r: f"{r.randint(1, 14)} days"),
    "percent off": ("Which discount does the coupon give?", lambda r: f"{r.randrange(5, 60, 5)}%"),
    "interest": ("Convert the monthly rate to a yearly rate.", lambda r: f"{r.uniform(1, 20):.1f}"),
    "german count": ("Wie viele Artikel möchte der Kunde? Nur die Zahl.", lambda r: str(r.randint(1, 9))),
    "spanish count": ("¿Cuántas personas viajan? Solo el número.", lambda r: str(r.randint(1, 9))),
    "word count": ("Count the words of the assistant's answer.", lambda r: str(r.randint(5, 60))),
    "seats": ("The caller books seats. Return the number.", lambda r: str(r.randint(1, 9))),
    "year": ("In which year was the device bought?", lambda r: str(r.randint(2010, 2024))),
    "zip": ("Give the postcode of the address.", lambda r: str(r.randint(10000, 99999))),
    "temperature": ("Read the sensor note and return degrees.", lambda r: f"{r.randint(10, 40)}"),
    "nps": ("What NPS score (0-10) does the customer give us in the survey text?", lambda r: str(r.randint(0, 10))),
    "lead": ("Score the lead from 1 to 100 by how likely they buy.", lambda r: str(r.randint(1, 100))),
    "difficulty": ("Rate the difficulty of the exam question from 1 to 5.", lambda r: str(five(r))),
    "page": ("On which page does the clause stand?", lambda r: str(r.randint(1, 60))),
    "stars given": ("The review text: which rating would its author give? 1-5", lambda r: str(five(r))),
    "severity": ("Assess the severity of the incident, 1 to 4.", lambda r: str(r.randint(1, 4))),
    "hours": ("Duration of the outage in hours?", lambda r: str(r.randint(1, 24))),
    "topic id": ("Pick the topic id for the agent's ticket.", lambda r: str(r.randint(1, 8))),
}


def site(name: str, form: Form) -> sites.Site:
    """A call site of that form: the instruction, then a question and the reply to it as the text that is judged."""

    def call(r: Random) -> sites.Call:
        body = f"Question: {sites.sentence(r)}\nReply: {sites.text(r, 1, 3)}"
        return [sites.system(form[0]), sites.user(body)], form[1](r), None

    call.__name__ = name
    return call
