/** Tables of data and how they are encoded, folds of their rows, and figures of what models answer. */
module dev.fathom.tables {
    requires transitive dev.fathom;
    requires com.google.gson;
    requires de.siegmar.fastcsv;
    requires static org.jspecify;

    exports dev.fathom.assess;
    exports dev.fathom.table;
    exports dev.fathom.validation;

    // which reads the components of records
    opens dev.fathom.assess to
            dev.fathom;
    opens dev.fathom.table to
            dev.fathom;
    opens dev.fathom.validation to
            dev.fathom;
}
