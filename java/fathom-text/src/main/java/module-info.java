/** Texts as tokens, and the searches by which models write texts. */
module dev.fathom.text {
    requires transitive dev.fathom;
    requires transitive dev.fathom.files;
    requires transitive dev.fathom.nets;
    requires com.google.gson;
    requires static org.jspecify;

    exports dev.fathom.decode;
    exports dev.fathom.finetune;
    exports dev.fathom.pretrained;
    exports dev.fathom.retrieval;
    exports dev.fathom.text;
    exports dev.fathom.tokenizer;

    // which reads the components of records
    opens dev.fathom.decode to
            dev.fathom;
    opens dev.fathom.finetune to
            dev.fathom;
    opens dev.fathom.pretrained to
            dev.fathom;
    opens dev.fathom.retrieval to
            dev.fathom;
    opens dev.fathom.text to
            dev.fathom;
}
