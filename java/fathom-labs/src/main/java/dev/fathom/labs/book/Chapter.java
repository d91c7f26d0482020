package dev.fathom.labs.book;

import java.util.List;

/**
 * A chapter of the book.
 *
 * @param file the name of its page
 * @param title its heading
 * @param about what it is about, in a sentence or two
 * @param labs its labs in their order
 */
record Chapter(String file, String title, String about, List<Claim> labs) {
    /**
     * What a course on deep learning says about the subject of a lab.
     *
     * @param lab its name
     * @param text the claim, in whole sentences
     */
    record Claim(String lab, String text) {}

    private static Chapter of(String file, String title, String about, Claim... labs) {
        return new Chapter(file + ".html", title, about, List.of(labs));
    }

    private static Claim lab(String name, String claim) {
        return new Claim(name, claim);
    }

    /** All chapters in the order of a course: from one unit to networks that generate. */
    static final List<Chapter> ALL = List.of(
            of(
                    "textbook",
                    "A textbook's examples",
                    "The examples with which a textbook on statistical learning introduces neural networks, "
                            + "beside the simpler methods that it compares them with.",
                    lab(
                            "hitters",
                            "On a small table of numbers a network is no better than least squares and the lasso, "
                                    + "which are simpler: try the simple method "
                                    + "first."),
                    lab(
                            "islr",
                            "On handwritten digits a network with dropout (1.8 % wrong) or with a ridge penalty "
                                    + "(2.3 %) is far ahead of multinomial "
                                    + "logistic regression (7.2 %) and of linear discriminant analysis (12.7 %). "
                                    + "Where gradient descent ends depends on "
                                    + "where it starts.")),
            of(
                    "units",
                    "Units and layers",
                    "What a single unit can represent, and what is gained by a hidden layer and by its activation.",
                    lab(
                            "perceptron",
                            "A unit divides the plane by a line. It learns AND and OR, but there is no line that "
                                    + "divides XOR."),
                    lab(
                            "xor",
                            "Two hidden units are enough for XOR, because they move the four points to places "
                                    + "that a line can divide."),
                    lab(
                            "boundaries",
                            "Each unit divides the space by a hyperplane, and layers of units make boundaries of "
                                    + "any shape. Without a nonlinearity several "
                                    + "layers are worth no more than one."),
                    lab(
                            "approximation",
                            "A network with one hidden layer approximates any continuous function. Deep networks "
                                    + "need fewer units for functions that are "
                                    + "composed of others.")),
            of(
                    "losses",
                    "What a loss asks for",
                    "A network gives the answers that its loss rewards.",
                    lab(
                            "losses",
                            "The mean squared error is the loss of numbers with Gaussian noise, and cross-entropy "
                                    + "that of classes. The form in which labels "
                                    + "are presented matters.")),
            of(
                    "descent",
                    "Gradient descent",
                    "How weights are found: the surface on which the loss descends, the methods, and the learning "
                            + "rate.",
                    lab(
                            "landscape",
                            "The loss of a network is not convex. The larger the network is, the more of its "
                                    + "critical points are saddles, and the better "
                                    + "are most of its local minima."),
                    lab(
                            "optimizers",
                            "Momentum carries descent along ravines. Adaptive methods such as Adam give each "
                                    + "weight a rate of its own, and reach a low loss "
                                    + "sooner."),
                    lab(
                            "rates",
                            "A rate that is too large diverges, and one that is too small takes too long. Small "
                                    + "batches regularize, and a larger batch "
                                    + "needs a larger rate.")),
            of(
                    "signals",
                    "Signals through many layers",
                    "Whether activations and gradients survive on their way through a deep network.",
                    lab(
                            "signals",
                            "The variance of weights should be 2/(fan-in + fan-out), and 2/fan-in for ReLU. "
                                    + "Signals vanish or explode otherwise."),
                    lab(
                            "activations",
                            "Sigmoid and tanh saturate, and their gradients vanish. Begin with ReLU, and then try "
                                    + "leaky ReLU or GELU."),
                    lab(
                            "batchnorm",
                            "Batch normalization rescales the values inside of a network, which makes training "
                                    + "converge faster, and replaces dropout in "
                                    + "some networks."),
                    lab("depth", "How deep a network without shortcuts may be depends on how its weights begin."),
                    lab(
                            "very-deep",
                            "Plain convolutional networks with ten thousand layers can be trained by an "
                                    + "appropriate initialization alone, one that "
                                    + "preserves norms.")),
            of(
                    "generalization",
                    "Overfitting and generalization",
                    "What a network makes of examples that it has not seen, and what helps it.",
                    lab(
                            "bias-variance",
                            "A more complex model has less bias and more variance; the sum of squared bias, "
                                    + "variance and noise is the expected error."),
                    lab(
                            "double-descent",
                            "Where a model just fits all training data, its test error has a peak; beyond that it "
                                    + "falls again."),
                    lab(
                            "memorize",
                            "A large network has enough parameters to remember every training example, which says "
                                    + "nothing about generalization."),
                    lab(
                            "ridge",
                            "In simple settings, dropout, copies of the inputs with noise, and early stopping all "
                                    + "act like a ridge penalty."),
                    lab(
                            "dropout",
                            "Dropout keeps units from depending on each other, and acts like an average over many "
                                    + "networks. Its hidden units learn clearer "
                                    + "features."),
                    lab(
                            "augment",
                            "Copies of images that are distorted in natural ways make a network generalize better."),
                    lab("mnist-best", "The average of several networks is better than each of them."),
                    lab(
                            "ensembles",
                            "Models that err on different examples are better together than alone: bagging lowers "
                                    + "the variance, and boosting makes strong "
                                    + "learners of weak ones."),
                    lab(
                            "search",
                            "Cross-validation finds the hyperparameters, and an architecture can be searched for "
                                    + "by a program, for instance by one that "
                                    + "predicts how well a network will do.")),
            of(
                    "convolution",
                    "Convolutional networks",
                    "Networks for images: few shared weights that see a neighborhood at a time.",
                    lab(
                            "mnist",
                            "Sparse connections and shared weights make a network for images small, and let it "
                                    + "generalize well."),
                    lab("fashion", "Convolutional networks are better at images than networks without structure."),
                    lab(
                            "cifar",
                            "Networks of many layers with residual connections avoid vanishing gradients, and "
                                    + "augmentation is especially effective with "
                                    + "stochastic gradient descent."),
                    lab(
                            "permutation",
                            "A fully connected network learns as well from images whose pixels are all in one "
                                    + "other order; a convolutional network does "
                                    + "not, because neighbors matter to it."),
                    lab(
                            "filters",
                            "The filters of the first layer learn to see edges, as cells in the visual cortex do."),
                    lab(
                            "pretrained",
                            "Networks trained on ImageNet name what is on new photographs, with their uncertainty."),
                    lab("transfer", "A network that knows one task needs fewer labeled examples for a similar one."),
                    lab(
                            "siamese",
                            "A network that learns which images are alike names classes that it has never seen, "
                                    + "from one example of each."),
                    lab(
                            "distill",
                            "A small network learns more from the probabilities of a large one than from labels "
                                    + "alone."),
                    lab(
                            "unet",
                            "A network that encodes an image and decodes it again labels every pixel, and "
                                    + "shortcuts between the two halves keep the edges "
                                    + "sharp.")),
            of(
                    "pictures",
                    "Networks that make pictures better",
                    "Images as inputs and as outputs.",
                    lab(
                            "denoising",
                            "A convolutional auto-encoder learns to remove noise, to sharpen, to enlarge and to "
                                    + "fill holes from pairs of images."),
                    lab(
                            "style",
                            "The correlations of a network's features are the style of a picture and the features "
                                    + "themselves its content, so that a "
                                    + "photograph can be painted like a painting.")),
            of(
                    "attacks",
                    "Adversarial examples",
                    "How networks are fooled by changes that a person does not see.",
                    lab(
                            "fgsm",
                            "A change of an image that nobody sees can make a network call a panda a gibbon, and "
                                    + "be sure of it."),
                    lab(
                            "adversarial",
                            "Stronger attacks need smaller changes, down to a few pixels, and training on "
                                    + "attacked images helps against the attack that it "
                                    + "was done with.")),
            of(
                    "recurrence",
                    "Recurrent networks",
                    "Sequences of words, sounds, prices and traffic, read step by step with the same weights.",
                    lab(
                            "memory",
                            "Gradients vanish over many steps in a simple recurrent network. The gates of an LSTM "
                                    + "and a GRU let both remember longer."),
                    lab(
                            "nyse",
                            "A recurrent network forecasts tomorrow's trading volume about as well as an "
                                    + "autoregression, with R² about 0.42."),
                    lab(
                            "forecast",
                            "Networks that know how series depend on each other forecast them better than methods "
                                    + "that look at each alone."),
                    lab(
                            "imdb",
                            "A lasso on a bag of words judges reviews of films as well as networks that read the "
                                    + "words in their order (88 % and 87 %); a "
                                    + "simple recurrent network has 76 %."),
                    lab("digits", "Recurrent networks recognize speech, a sequence of sounds of varying length."),
                    lab("vowels", "A network that predicts the next sample of a wave learns to speak."),
                    lab(
                            "turing",
                            "A network with a memory that it addresses by content and place copies sequences "
                                    + "longer than any that it learned from.")),
            of(
                    "systems",
                    "Time series in earnest",
                    "Two systems for many series: one that finds what is odd, and one that designs the network itself.",
                    lab(
                            "anomalies",
                            "An ensemble of auto-encoders finds outliers that single ones miss, and it is better "
                                    + "when its members differ more."),
                    lab(
                            "autocts",
                            "A search over operators and hyperparameters finds networks for correlated series "
                                    + "that are better than those that people "
                                    + "design, and a comparator ranks candidates without training them.")),
            of(
                    "language",
                    "Words and language",
                    "Words as vectors, and networks that write and translate.",
                    lab(
                            "words",
                            "Words that are used alike have vectors that are near to each other, and differences "
                                    + "of vectors have a meaning."),
                    lab(
                            "projector",
                            "Pictures of embeddings by PCA, t-SNE and UMAP show what is alike. A learned "
                                    + "embedding is not linear, and should be superior to "
                                    + "principal components for the task that it was learned for."),
                    lab(
                            "shakespeare",
                            "A network that predicts the next character learns to write, and some of its units "
                                    + "have a meaning that a person can see."),
                    lab(
                            "names",
                            "A network that predicts one letter at a time generates words that do not exist, but "
                                    + "could."),
                    lab(
                            "translate",
                            "An encoder and a decoder, two LSTMs, translate sentences. To read the source in "
                                    + "reverse helps, and so do attention and beam "
                                    + "search."),
                    lab("arithmetic", "An encoder and a decoder learn to add numbers that are written as text.")),
            of(
                    "pairs",
                    "Encoders and decoders",
                    "One network reads and another one writes, whatever the two kinds of data are.",
                    lab(
                            "captions",
                            "A convolutional network reads an image and a recurrent one describes it, with "
                                    + "attention to where it looks."),
                    lab(
                            "encoders",
                            "Any encoder can be joined with any decoder: vectors, images, labels and text are "
                                    + "turned into each other by the same training."),
                    lab(
                            "moving-digits",
                            "A convolutional network with an LSTM says what moves where in a film, and draws the "
                                    + "frames that come next."),
                    lab(
                            "crystals",
                            "A network on the graph of a crystal's atoms learns a property from few labels if it "
                                    + "first learns from many structures without.")),
            of(
                    "codes",
                    "Learning without labels",
                    "Auto-encoders, and what data without labels are worth.",
                    lab(
                            "autoencoders",
                            "An auto-encoder is a nonlinear principal component analysis. It removes noise, and "
                                    + "its codes serve retrieval."),
                    lab(
                            "few-labels",
                            "Pre-training without labels and semi-supervised learning help most where labels are few.")),
            of(
                    "generative",
                    "Networks that generate",
                    "Two networks that play against each other, and two other ways to draw from a distribution.",
                    lab(
                            "gan",
                            "A generator that fools a discriminator draws from the distribution of the data: the "
                                    + "best discriminator is p / (p + q), and at "
                                    + "the end the value of the game is -log 4."),
                    lab(
                            "wgan",
                            "A critic that estimates the Wasserstein distance gives gradients where a "
                                    + "discriminator gives none, so that training is "
                                    + "steadier and fewer modes are lost."),
                    lab(
                            "vae",
                            "An auto-encoder with noise in its code has a bound on the likelihood and draws new "
                                    + "images from chance."),
                    lab("diffusion", "A network that removes a little noise at a time draws images from noise alone."),
                    lab(
                            "birds",
                            "A sentence can be drawn in two stages, first in rough form and colors and then in "
                                    + "detail.")),
            of(
                    "rewards",
                    "Learning from rewards",
                    "Agents that find out by trying what earns most.",
                    lab(
                            "cartpole",
                            "Deep reinforcement learning finds good policies from rewards alone, but results "
                                    + "depend on the seed, so that several must be "
                                    + "reported."),
                    lab(
                            "board",
                            "Networks for policy and value, joined with tree search, learn a game from playing "
                                    + "against themselves.")));
}
