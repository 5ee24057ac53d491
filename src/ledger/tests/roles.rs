//! That roles and limits hold in the database itself.
