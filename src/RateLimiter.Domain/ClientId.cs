using System.Security.Cryptography;

namespace RateLimiter.Domain;

/// <summary>
/// The public name of a client (a tenant): 16 letters and digits, 95 random bits. It is not a secret and stands in
/// the names of the store's keys.
/// </summary>
public readonly record struct ClientId(string Value)
{
    public const int Length = 16;

    /// <summary>Of ids and keys: a double click selects all of one.</summary>
    internal const string Alphabet =
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    public static ClientId New() => new(RandomNumberGenerator.GetString(Alphabet, Length));

    public override string ToString() => Value;
}
