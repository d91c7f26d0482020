package dev.fathom.labs.pairs;

import static dev.fathom.labs.pages.Findings.line;

import dev.fathom.labs.data.CaptionedShapes;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.experiments.OldExperiment;
import dev.fathom.labs.pages.Findings;

/**
 * One data set of captioned shapes under every pair of an encoder and a decoder, label to picture and back, questions
 * about pictures, and translation with a picture beside the text.
 */
public final class EncodersLab implements OldExperiment {
    @Override
    public String name() {
        return "encoders";
    }

    @Override
    public Findings run(LabRun run) {
        CaptionedShapes stored = CaptionedShapes.alone(run.of(1000, 200), 5 * run.seed());
        CaptionedShapes training = CaptionedShapes.alone(run.of(6000, 480), 5 * run.seed() + 1);
        CaptionedShapes test = CaptionedShapes.alone(run.of(1500, 200), 5 * run.seed() + 2);
        Findings page = run.page(
                "Lab encoders",
                line(
                        "%,d drawn pictures with captions to learn from, and %,d others for the test",
                        training.size(), test.size()));
        CaptionedShapes two = CaptionedShapes.pairs(run.of(12_000, 800), 5 * run.seed() + 3);
        CaptionedShapes twoTest = CaptionedShapes.pairs(run.of(1500, 200), 5 * run.seed() + 4);
        boolean whole = pairs(page, new PairTable(run, stored, training, test))
                && drawings(page, new Drawings(run, training, test))
                && answers(page, new Answers(run, two, twoTest))
                && translations(page, translations(run, two, twoTest));
        return whole ? page.finished() : page;
    }

    /** The translations learn from the first pairs, and the next ones choose their weights. */
    private static Translations translations(LabRun run, CaptionedShapes two, CaptionedShapes test) {
        int learned = run.of(4000, 700);
        return new Translations(run, two.first(learned), two.part(learned, learned + run.of(500, 100)), test);
    }

    private static boolean pairs(Findings page, PairTable table) {
        page.section("Every encoder with every decoder", "")
                .text("One picture of 32 x 32 pixels shows one thing of six forms, six colors and two sizes at "
                        + "one of nine places, and its caption says "
                        + "so in English: a small red circle at the top left. Five encoders make a code "
                        + "of 64 numbers, three of the picture and two "
                        + "of the caption, and six decoders answer from the code. Each of the 30 pairs is "
                        + "a network of its own, trained end to end "
                        + "with the loss of its decoder: squared error, cross-entropy, hinge loss, or the "
                        + "cross-entropy of words.")
                .text("The code of nearest neighbors is the mean of five learned vectors, one for each of the "
                        + "stored pictures that are nearest to the "
                        + "picture. A score is a share of right answers on test pictures, for a caption "
                        + "as a whole, and for the place and the "
                        + "picture the share of the variance that is explained (R2). Nothing is published "
                        + "for these pictures; the last rows say "
                        + "what the nearest stored picture's own answer and the mean or most frequent "
                        + "answer come to.");
        return table.addTo(page);
    }

    private static boolean drawings(Findings page, Drawings drawings) {
        page.section("Label to image and image to label", "")
                .text("The direct problem is to read form, color, size and place from the picture. The inverse "
                        + "problem is to draw the picture from them. "
                        + "It has many solutions, because the exact place, size, turn and ground are not "
                        + "in the label: a network that minimizes the "
                        + "squared error draws the mean of all of them. Given these five numbers too, the "
                        + "problem has one solution. The reader of "
                        + "the direct problem reads all pictures; what it reads from drawn ones says how "
                        + "much of the label is seen in them.");
        return drawings.addTo(page);
    }

    private static boolean answers(Findings page, Answers answers) {
        page.section("Questions about pictures", "")
                .text("A picture of two things and a question; the answer is one of 20 words. A CNN makes 64 "
                        + "cells of the picture, an LSTM reads the "
                        + "question, and the question attends to the cells twice. The answer is computed "
                        + "from both, and from a code of the whole "
                        + "picture that also learns to name both forms. Without the picture, the best "
                        + "answer is the one that the same question had "
                        + "most often in training.");
        return answers.addTo(page);
    }

    private static boolean translations(Findings page, Translations translations) {
        page.section("Translation with a picture beside the text", "")
                .text("The English sentence says \"a small green one left of a large blue one\". In French its "
                        + "articles and adjectives have the gender of "
                        + "what is meant, une petite verte or un petit vert, and only the picture shows "
                        + "that. One half of the sentences begins with "
                        + "either thing, so that the picture alone does not say what to write. Two "
                        + "encoders, an LSTM and a CNN, give their states "
                        + "to one attention; three decoders write the translation, name both forms and "
                        + "paint the picture, and the loss is the sum "
                        + "of theirs under the weights in the table.");
        return translations.addTo(page);
    }
}
