package dev.fathom.spark;

import java.nio.file.Path;
import org.apache.spark.sql.SparkSession;

/** Sessions of Spark for tests. */
final class Sessions {
    private Sessions() {}

    /** A session without pages, whose shuffles have few partitions, and whose tables would lie in this folder. */
    static SparkSession.Builder builder(String master, Path warehouse) {
        return SparkSession.builder()
                .master(master)
                .config("spark.ui.enabled", "false")
                .config("spark.sql.shuffle.partitions", "2")
                .config("spark.sql.warehouse.dir", warehouse.toString());
    }
}
