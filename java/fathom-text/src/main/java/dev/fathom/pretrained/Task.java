package dev.fathom.pretrained;

import java.util.Arrays;

/** What a head says of texts, as the end of its architecture's name tells. */
enum Task {
    /** Of each text, from the vector of its first token. */
    TEXTS("ForSequenceClassification", "Classifier or Reranker"),
    /** Of each token. */
    TOKENS("ForTokenClassification", "TokenClassifier"),
    /** Of each token, how well an answer begins and ends with it. */
    ANSWERS("ForQuestionAnswering", "QuestionAnswering"),
    /** Of masked tokens, what each token of the vocabulary would do in their place. */
    WORDS("ForMaskedLM", "FillMask");

    private final String ending;
    private final String readers;

    Task(String ending, String readers) {
        this.ending = ending;
        this.readers = readers;
    }

    /** The end of the name of transformers' classes. */
    String ending() {
        return ending;
    }

    /** What reads a head of this task. */
    String readers() {
        return readers;
    }

    /** Whether it is that of a class; one for pretraining fills in words, too. */
    boolean is(String name) {
        return name.endsWith(ending) || this == WORDS && name.endsWith("ForPreTraining");
    }

    /** Refuses settings that say that they are those of another task. */
    void mustBeOf(Config c, String reader) {
        String name = c.architecture();
        if (name == null || is(name)) {
            return;
        }
        String other = Arrays.stream(values())
                .filter(t -> t.is(name))
                .map(t -> t.readers)
                .findFirst()
                .orElse(name.endsWith("Model") ? "Embedder" : null);
        throw c.wrong("it is of a " + name + (other == null ? "" : ", which " + other + " reads") + ", but " + reader
                + " reads one whose name ends with " + ending);
    }
}
