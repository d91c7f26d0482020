/** Readers of media: series in CSV files, sound, and pictures with the recipe that turns them into numbers. */
@SuppressWarnings("requires-automatic") // the name of metadata-extractor is that of its jar
module dev.fathom.media {
    requires transitive dev.fathom;
    requires transitive dev.fathom.tables;
    requires metadata.extractor;
    requires static java.desktop; // pictures
    requires static org.jspecify;

    exports dev.fathom.image;
    exports dev.fathom.series;
    exports dev.fathom.sound;

    // which reads the components of records
    opens dev.fathom.image to
            dev.fathom;
    opens dev.fathom.series to
            dev.fathom;
    opens dev.fathom.sound to
            dev.fathom;
}
