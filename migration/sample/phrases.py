"""The words of the invented shop: what its customers may say, as templates with choices [a|b] and gaps {name}.

Covers: names, things, intents and how each is put. Out of scope: how a message is drawn from them (`language`).
"""

from __future__ import annotations

CHANNELS = ("chat", "email", "voice")
MOODS = ("calm", "vague", "angry")
ESCALATIONS = ("legal", "injury", "person", "repeat")


def words(text: str) -> tuple[str, ...]:
    """The words of `text`, or the phrases where commas part them."""
    return tuple(text.split(", ") if ", " in text else text.split())


NAMES = words(
    "Ana Ben Carla Dev Elif Femi Greta Hugo Ines Jonas Kira Liam Mina Noor Oscar Priya Quinn Rosa Sam Tara Umar "
    "Vera Wade Xenia Yusuf Zoe Amara Bruno Celia Dario Edda Filip Gita Hana Ivo Jun Kofi Lena Marek Nadia Olga "
    "Pablo"
)
SURNAMES = words(
    "Adler Brandt Cole Dunn Ekberg Falk Grant Hale Iversen Jansen Kaur Lund Moreno Novak Okafor Parker Quist Reyes "
    "Santos Thorne Ueda Vance Weber Yilmaz Zeller"
)
CITIES = words(
    "Leeds Porto Graz Malmo Utrecht Lyon Turin Bergen Cork Ghent Basel Krakow Tampa Boise Austin Denver Halifax Perth"
)
ITEMS = words(
    "rain jacket, camping stove, desk lamp, garden hose, wool blanket, hiking boots, coffee grinder, tool box, "
    "bread knife, picnic basket, water bottle, sleeping bag, wall clock, plant pot, bike pump, floor mat, towel "
    "set, head torch, tea kettle, folding chair, pruning shears, salad bowl, candle holder, door mat, laundry "
    "basket, travel pillow, bird feeder, paint roller, step ladder, cutting board, bath mat, fire pit, hammock, "
    "cool box, spice rack, apron, trail shoes, rucksack, umbrella, frying pan, garden gloves, watering can, tent, "
    "lantern, duvet cover, bookshelf, coat rack, trowel"
)
COLOURS = words("black green grey navy red white yellow brown")
DAYS = words("Monday Tuesday Wednesday Thursday Friday Saturday Sunday")

INTENTS: dict[str, tuple[str, ...]] = {
    "track_order": (
        "[where is|where's|do you know where] {thing}[ now| at the moment|]{ref}",
        "I [ordered|bought] {thing} [last week|{n} days ago|on {day}]{ref} and it [has not arrived|is still not here]",
        "can you [tell me|check|find out] when {thing} [will arrive|gets here|is due]{ref}",
        "the tracking [page|link] [shows nothing|has not moved since {day}|is stuck] for {thing}{ref}",
        "{thing} should have [come|been delivered|arrived] on {day}{ref} but [nothing came|no parcel turned up]",
        "[I am waiting for|still waiting for|been waiting {n} days for] {thing}{ref}, [what is going on|any news]",
        "has {thing} [been shipped|left your warehouse|gone out] yet{ref}",
        "please [give me|send me] the [delivery status|status|whereabouts] of {thing}{ref}",
    ),
    "cancel_order": (
        "[please|] cancel {thing}{ref}, I [ordered it by mistake|do not need it any more|found it cheaper elsewhere]",
        "I [want|need|would like] to [call off|cancel|stop] {thing}{ref} before it [ships|is sent]",
        "is it [still possible|too late] to [cancel|withdraw from the purchase of] {thing}{ref}",
        "I [pressed buy twice|changed my mind], so [do not send|please drop|cancel] {thing}{ref}",
        "[stop|cancel] the [purchase|shipment] of {thing}{ref}, my [husband|sister|boss] already bought one",
        "how do I [undo|cancel|get out of] the purchase of {thing} I placed [this morning|on {day}|an hour ago]{ref}",
        "I [no longer want|don't want] {thing}{ref}, [take it off|cancel it] please",
    ),
    "change_address": (
        "I [moved|have moved] to {city}, can you [send|deliver] {thing} [to my new address|there instead]{ref}",
        "the [delivery address|address] for {thing} is [wrong|an old one]{ref}, it should be in {city}",
        "please [change|update|correct] the [shipping|delivery] address of {thing} to {number} {street}, {city}{ref}",
        "can {thing} go to my [office|neighbour|parents] in {city} [instead of my home|instead]{ref}",
        "I [gave|typed] the wrong [house number|street|postcode] for {thing}{ref}, it is {number} {street}",
        "[I will be away|I'm on holiday], so [redirect|send] {thing} to {number} {street} in {city}{ref}",
        "need a different [drop-off place|address] for {thing}{ref}: {number} {street}, {city}",
    ),
    "return_item": (
        "I [want|would like] to [send back|return] {thing}{ref}, it [does not fit|is too small|is not my taste]",
        "how [can|do] I [return|send back] {thing}{ref}, [I don't like the colour|it looks different from the photo]",
        "please send me a [return label|label to send back] {thing}{ref}",
        "{thing} is [too big|not what I hoped for|the wrong shade of {colour}]{ref}, can I [give it back|return it]",
        "[until when|how long] can I [return|bring back] {thing}{ref}, I have not [opened|used] it",
        "I [unpacked|tried] {thing} and [want to give it back|it is going back]{ref}, what are the steps",
        "where do I [drop off|take] {thing} as a return{ref}",
    ),
    "refund_status": (
        "I [sent back|returned] {thing} [{n} days ago|last week|on {day}]{ref}, where is my [money|refund]",
        "[when|how soon] will I [get my money back|be refunded] for {thing}{ref}",
        "the refund for {thing} [has not arrived|is still missing|is not on my account]{ref}",
        "you [promised|confirmed] a refund for {thing} on {day}{ref} but [my bank shows nothing|I got nothing]",
        "I am [still waiting for|missing] the {amount} euros you owe me for {thing}{ref}",
        "did you [pay back|refund] {thing} [yet|already]{ref}",
        "how long does the [repayment|refund] of {thing} take{ref}, you have had it [since {day}|for {n} days]",
    ),
    "damaged_item": (
        "{thing} [arrived|came] [broken|cracked|with a big dent|torn]{ref}",
        "when I opened the box {thing} was [smashed|in pieces|scratched all over]{ref}",
        "{thing} [stopped working|fell apart|broke] after [one day|{n} days]{ref}",
        "the [parcel|box] was crushed and {thing} inside is [damaged|bent|ruined]{ref}",
        "there is a [hole|crack|deep scratch] in {thing} [you sent me|I got]{ref}",
        "I got {thing} with a [loose|broken|missing] [handle|part|screw]{ref}, I need [a new one|a replacement]",
        "{thing} is [faulty|defective|leaking]{ref}, what [now|can you do]",
    ),
    "wrong_item": (
        "I [ordered|paid for] {thing} but [got|received] a {other}{ref}",
        "you sent [me the wrong thing|me somebody else's goods]: a {other} instead of {thing}{ref}",
        "there was a {other} in the [box|parcel] and not {thing}{ref}",
        "{thing} should be {colour} but you [sent|packed] the {colour2} one{ref}",
        "[this is not|that's not] what I ordered, I [wanted|chose] {thing} and not a {other}{ref}",
        "the [size|model] of {thing} [is not the one I ordered|does not match my order]{ref}",
        "somebody [mixed up|swapped] my parcel, I have a {other} here, {thing} is [missing|not in it]{ref}",
    ),
    "payment_failed": (
        "my [card|credit card] was [declined|refused|rejected] when I [tried to buy|paid for] {thing}{ref}",
        "the [payment|checkout] for {thing} [fails|does not go through|ends in an error]{ref}",
        "I [cannot pay|am not able to pay] for {thing}{ref}, the page [freezes|says try again]",
        "you [charged|billed] me [twice|two times] for {thing}{ref}",
        "I [tried|used] card {card} for {thing} and it [did not work|was turned down]{ref}",
        "[paypal|the bank transfer|my card] [keeps failing|gives an error] at the [last step|payment step]{ref}",
        "money [left my account|was taken] but the shop says [unpaid|payment missing] for {thing}{ref}",
    ),
    "invoice_copy": (
        "I [need|would like] [an invoice|a receipt|the bill] for {thing}{ref}",
        "please [send|mail|forward] me the [invoice|receipt|bill] [of|for] {thing} [again|as a PDF]{ref}",
        "where [can|do] I [download|find] the [invoice|bill] for {thing}{ref}",
        "my [accountant|company|tax office] [asks for|needs] a [proper invoice|receipt] for {thing}{ref}",
        "the [invoice|bill] for {thing} has the wrong [company|name|tax number]{ref}, I need a [new|corrected] one",
        "I [lost|deleted] the [receipt|bill] for {thing}{ref}, can I get a copy",
        "there was no [invoice|receipt] in the box with {thing}{ref}",
    ),
    "discount_code": (
        "the [code|voucher|coupon] {code} [does not work|is not accepted|is refused] for {thing}{ref}",
        "I [forgot|could not manage] to [enter|use] my [voucher|discount code|coupon] {code} for {thing}{ref}",
        "is there a [discount|student rebate|promo code] for {thing}{ref}",
        "your newsletter [promised|offered] {n}0 percent off but [the price did not change|the code {code} fails]{ref}",
        "[how|where] do I [redeem|type in] the [gift card|coupon] {code}{ref}",
        "the [sale price|rebate] was not [taken off|applied] on {thing}{ref}",
        "my voucher {code} [expired|ran out] [yesterday|on {day}], can you [renew|extend] it for {thing}{ref}",
    ),
    "product_question": (
        "[is|would you say] {thing} [waterproof|dishwasher safe|good for winter|suitable for children]{ref}",
        "what [size|weight|material] [is|has] {thing}{ref}",
        "does {thing} [come in|exist in] {colour}{ref}",
        "how do I [clean|store|look after] {thing}{ref}",
        "[will|when will] {thing} be [back in stock|available again]{ref}",
        "what is the difference between {thing} and the {other}{ref}",
        "[how long is the guarantee|is there a guarantee|are there spare parts] for {thing}{ref}",
    ),
    "delivery_options": (
        "how much is [shipping|delivery|postage] to {city} for {thing}{ref}",
        "do you [deliver|ship] to {city}[ on Saturdays| abroad|]{ref}",
        "can I [pick up|collect] {thing} [in a shop|at a parcel shop|myself]{ref}",
        "is there [express|next day|evening] delivery for {thing}{ref}",
        "[which carrier|which parcel service|who] [brings|delivers] {thing}{ref}",
        "from what [amount|order value] is [delivery|shipping] free[ to {city}|]{ref}",
        "can I [choose|book] a [time slot|delivery day] for {thing}{ref}",
    ),
    "account_login": (
        "I [cannot log in|can't sign in|am locked out][ any more| since {day}|]{ref}",
        "I [forgot|lost] my password and the [reset mail|reset link] [never comes|does not work]{ref}",
        "please [change|update] the [e-mail|phone number] of my account to {email}{ref}",
        "how do I [delete|close] my [account|profile] for {email}{ref}",
        "the [site|app] says my [account|user] [does not exist|is blocked]{ref}",
        "I [made|have] two [accounts|profiles], can you [merge them|put them together]{ref}",
        "the [code by text|login code|security code] to {phone} [never arrives|is always wrong]{ref}",
    ),
    "complaint": (
        "your [service|hotline|support] is [terrible|a joke|a disgrace]{ref}, I want to [complain|make a complaint]",
        "the [driver|courier|man on the phone] was [rude|very unfriendly|shouting at me]{ref}",
        "I am [really disappointed|very unhappy] with [how you treated me|the whole experience]{ref}",
        "[nobody answers|no one replies to] my [mails|calls] about {thing}{ref}, that is [wrong|no way to treat me]",
        "I [waited {n}0 minutes|was on hold for ever] on your [hotline|line]{ref}, this is [ridiculous|awful]",
        "[you keep making empty promises|every agent tells me something else] about {thing}{ref}",
        "I [wish|want] to file a [formal|] complaint about [your shop|the way my case was handled]{ref}",
    ),
}

VAGUE: dict[str, tuple[str, ...]] = {
    "track_order": (
        "[still|again] nothing [here|in the post]",
        "[it|the thing] never [came|showed up], [where is it|hm]",
    ),
    "cancel_order": (
        "I [don't want it|changed my mind] [after all|any more]",
        "[please stop it|can you stop that one]",
    ),
    "change_address": ("I [don't live there|am not there] [any more|now]", "[wrong street|that's the old place]"),
    "return_item": (
        "[it's|this is] [not for me|not my thing], [take it back|it can go back]",
        "[how to send this back|it goes back]",
    ),
    "refund_status": (
        "[where's|what about] my money [then|]",
        "I [gave it back|sent it back] and [no money|nothing paid] [yet|so far]",
    ),
    "damaged_item": ("it's [broken|kaputt|in two pieces] [already|again|]", "[it does not work|the thing is cracked]"),
    "wrong_item": ("[that's not mine|this isn't the one]", "you [sent|packed] [something else|the other one]"),
    "payment_failed": ("[it won't take my card|can't pay]", "I [paid|was charged] [twice|two times] [I think|]"),
    "invoice_copy": ("[need|got] [paper|a receipt] for [tax|work]", "[the bill please|can I have the bill]"),
    "discount_code": (
        "the [code|voucher] [does nothing|won't go in]",
        "[any discount|no money off] [for me|this time]",
    ),
    "product_question": ("is it [any good|big enough|heavy] [you think|]", "[which one|what] would you [take|pick]"),
    "delivery_options": ("can it [come sooner|be here tomorrow]", "what does [sending|the post] cost"),
    "account_login": ("can't get [in|into my page]", "it [says wrong password|won't let me in]"),
    "complaint": (
        "I'm [fed up|not happy] with [you|all this]",
        "[this is no way to do business|really bad, all of it]",
    ),
}
INTENT_WEIGHTS = dict(
    zip(
        INTENTS,
        (0.17, 0.08, 0.06, 0.10, 0.08, 0.08, 0.05, 0.07, 0.06, 0.05, 0.07, 0.05, 0.04, 0.04),
        strict=True,
    )
)
NEEDS_NO_ORDER = frozenset({"delivery_options", "account_login", "product_question"})

OPENINGS = {
    "calm": "[hello|hi|hi there|good morning|good evening|hey|dear team|hello Fernhill|]",
    "vague": "[hi|um|hey|so|]",
    "angry": "[listen|seriously|hello??|what is this|right|]",
}
CONTEXTS = (
    "it is a present for my [mother|son|friend|neighbour] and {day} is the [birthday|party|wedding]",
    "I [leave for|travel to] {city} on {day}",
    "I have been [a customer|shopping with you] for {n} years",
    "[my wife|my flatmate|a colleague] [told me|said] you could help",
    "I [looked|searched] in the [help pages|FAQ|app] and found nothing",
    "I'm [at work|on the train|in the garden], so [be quick|a short answer is fine]",
    "I [bought|got] it in the [spring|summer|autumn] sale",
    "the weather here in {city} is [awful|too hot|lovely], by the way",
    "I [already have|own] a {other} from you and [love|like] it",
    "[my phone is new|I am not good with computers], so [sorry if this is the wrong place|bear with me]",
)
ANGER = (
    "this is [unbelievable|a disgrace|outrageous]",
    "[I am furious|I am so angry|I have had enough]",
    "[what kind of shop is this|do you even care]",
    "[sort it out|fix this] [now|today|at once]",
    "[never again|last time I buy here]",
)
CLOSINGS = {
    "calm": "[thanks|thank you|many thanks|cheers|best wishes|kind regards|please help|]",
    "vague": "[thx|ok|you know what I mean|]",
    "angry": "[I expect an answer|waiting|hurry up|]",
}
REASONS = {
    "legal": (
        "[my lawyer|a solicitor] will [write to|contact] you",
        "I will [take you to court|go to the ombudsman|sue]",
        "next step is [small claims court|the consumer authority]",
    ),
    "injury": (
        "I [cut my hand|hurt my foot|burned my fingers] on it",
        "my [son|daughter|husband] was [hurt|injured] by it",
        "it [gave me an electric shock|caught fire]",
    ),
    "person": (
        "let me [talk|speak] to a [human|real person]",
        "I want a [person|human being], not a [bot|machine]",
        "put me through to [someone real|your manager]",
    ),
    "repeat": (
        "this is the [third|fourth|fifth] time I [write|ask|contact you]",
        "I already [wrote|called] [twice|three times] about this",
        "nobody [answered|replied to] my last [two|three] [mails|messages]",
    ),
}
ORDER_PHRASES = (
    " (order {order})",
    ", order {order}",
    ", order no. {order}",
    ", my order number is {order}",
    ", it's #{order}",
    " from order {order}",
    ", number {order}",
    ", ref {order}",
)
FILLERS = ("um", "uh", "well", "you know", "like", "so")
STREETS = ("Mill Lane", "Oak Road", "Station Street", "Hill View", "Park Row", "River Close", "High Street")
