module orchard {
    requires dev.fathom;
    requires dev.fathom.natives;

    opens orchard to dev.fathom;
}
