package dev.fathom.offheap;

import org.jspecify.annotations.Nullable;

/**
 * Leases of blocks, one of each however often it is asked for: a hash table by identity, so that asking costs the same
 * for a thousand blocks as for one.
 */
final class Leases {
    private static final int LEAST = 8;

    private @Nullable Block[] table = new Block[LEAST];
    private int count;

    /** Leases a block unless that was done. */
    void add(Block block) {
        int at = place(table, block);
        if (table[at] == null) {
            block.lease();
            table[at] = block;
            if (2 * ++count > table.length) {
                resize(2 * table.length);
            }
        }
    }

    boolean contains(Block block) {
        return table[place(table, block)] != null;
    }

    /** Ends all of them. */
    void release() {
        for (int i = 0; i < table.length; i++) {
            Block b = table[i];
            if (b != null) {
                table[i] = null;
                b.release();
            }
        }
        if (table.length > LEAST
                && count < table.length / 8) { // or small passes after a large one would walk its table
            table = new Block[table.length / 4];
        }
        count = 0;
    }

    private void resize(int size) {
        @Nullable Block[] larger = new Block[size];
        for (Block b : table) {
            if (b != null) {
                larger[place(larger, b)] = b;
            }
        }
        table = larger;
    }

    /** Where a block is or belongs; a table is at most half full, so that there is always room. */
    private static int place(@Nullable Block[] table, Block block) {
        int last = table.length - 1;
        int at = block.number * 0x9E3779B9 >>> Integer.numberOfLeadingZeros(last);
        while (table[at] != null && table[at] != block) {
            at = at + 1 & last;
        }
        return at;
    }
}
