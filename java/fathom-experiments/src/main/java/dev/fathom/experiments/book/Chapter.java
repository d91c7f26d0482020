package dev.fathom.experiments.book;

import java.util.List;

/**
 * A chapter of the book.
 *
 * @param file the name of its page
 * @param title its heading
 * @param about what it is about, in a sentence or two
 * @param labs the names of its labs in their order
 */
record Chapter(String file, String title, String about, List<String> labs) {
    private static Chapter of(String file, String title, String about, String... labs) {
        return new Chapter(file + ".html", title, about, List.of(labs));
    }

    /** All chapters in the order of a course: from one unit to networks that generate. */
    static final List<Chapter> ALL = List.of(
            of(
                    "textbook",
                    "A textbook's examples",
                    "The examples with which a textbook on statistical learning introduces neural networks, beside the simpler methods that it compares them with.",
                    "hitters",
                    "islr"),
            of(
                    "units",
                    "Units and layers",
                    "What a single unit can represent, and what is gained by a hidden layer and by its activation.",
                    "perceptron",
                    "xor",
                    "boundaries",
                    "approximation"),
            of("losses", "What a loss asks for", "A network gives the answers that its loss rewards.", "losses"),
            of(
                    "descent",
                    "Gradient descent",
                    "How weights are found: the surface on which the loss descends, the methods, and the learning rate.",
                    "landscape",
                    "optimizers",
                    "rates"),
            of(
                    "signals",
                    "Signals through many layers",
                    "Whether activations and gradients survive on their way through a deep network.",
                    "signals",
                    "activations",
                    "batchnorm",
                    "depth",
                    "very-deep"),
            of(
                    "generalization",
                    "Overfitting and generalization",
                    "What a network makes of examples that it has not seen, and what helps it.",
                    "bias-variance",
                    "double-descent",
                    "memorize",
                    "ridge",
                    "dropout",
                    "augment",
                    "mnist-best",
                    "ensembles",
                    "search"),
            of(
                    "convolution",
                    "Convolutional networks",
                    "Networks for images: few shared weights that see a neighborhood at a time.",
                    "mnist",
                    "fashion",
                    "cifar",
                    "permutation",
                    "filters",
                    "pretrained",
                    "transfer",
                    "siamese",
                    "distill",
                    "unet"),
            of(
                    "pictures",
                    "Networks that make pictures better",
                    "Images as inputs and as outputs.",
                    "denoising",
                    "style"),
            of(
                    "attacks",
                    "Adversarial examples",
                    "How networks are fooled by changes that a person does not see.",
                    "fgsm",
                    "adversarial"),
            of(
                    "recurrence",
                    "Recurrent networks",
                    "Sequences of words, sounds, prices and traffic, read step by step with the same weights.",
                    "memory",
                    "nyse",
                    "forecast",
                    "imdb",
                    "digits",
                    "vowels",
                    "turing"),
            of(
                    "systems",
                    "Time series in earnest",
                    "Two systems for many series: one that finds what is odd, and one that designs the network itself.",
                    "anomalies",
                    "autocts"),
            of(
                    "language",
                    "Words and language",
                    "Words as vectors, and networks that write and translate.",
                    "words",
                    "projector",
                    "embeddings",
                    "shakespeare",
                    "names",
                    "translate",
                    "arithmetic"),
            of(
                    "pairs",
                    "Encoders and decoders",
                    "One network reads and another one writes, whatever the two kinds of data are.",
                    "captions",
                    "encoders",
                    "moving-digits",
                    "crystals"),
            of(
                    "codes",
                    "Learning without labels",
                    "Auto-encoders, and what data without labels are worth.",
                    "autoencoders",
                    "few-labels"),
            of(
                    "generative",
                    "Networks that generate",
                    "Two networks that play against each other, and two other ways to draw from a distribution.",
                    "gan",
                    "wgan",
                    "vae",
                    "diffusion",
                    "birds"),
            of(
                    "rewards",
                    "Learning from rewards",
                    "Agents that find out by trying what earns most.",
                    "cartpole",
                    "board"));
}
