pub mod clock; pub mod diagnostic; pub mod edition; pub mod issue; pub mod mailing; pub mod manuscript; pub mod subscription;
