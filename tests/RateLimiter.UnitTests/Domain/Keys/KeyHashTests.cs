using RateLimiter.Domain.Keys;

namespace RateLimiter.UnitTests.Domain.Clients;

public sealed class KeyHashTests
{
    // The SHA-256 of "abc", from FIPS 180-4.
    private const string OfAbc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    [Test]
    public void Of_KnownText_IsItsSha256() =>
        Assert.That(KeyHash.Of("abc").ToString(), Is.EqualTo(OfAbc));

    [Test]
    public void Parse_WhatToStringWrote_IsEqual()
    {
        var hash = KeyHash.Of("abc");

        Assert.That(KeyHash.Parse(hash.ToString()), Is.EqualTo(hash));
    }

    [Test]
    public void Equals_SameHash_IsTrueInEveryForm()
    {
        var (left, right) = (KeyHash.Of("abc"), KeyHash.Parse(OfAbc));

        using (Assert.EnterMultipleScope())
        {
            Assert.That(left.Equals(right), Is.True);
            Assert.That(left.Equals((object)right), Is.True);
            Assert.That(left == right, Is.True);
            Assert.That(left != right, Is.False);
            Assert.That(left.GetHashCode(), Is.EqualTo(right.GetHashCode()));
        }
    }

    [Test]
    public void Equals_OneDigitOther_IsFalseInEveryForm()
    {
        var hash = KeyHash.Parse(OfAbc);
        var others = Enumerable
            .Range(0, OfAbc.Length)
            .Select(place =>
                KeyHash.Parse(
                    $"{OfAbc[..place]}{(OfAbc[place] == '0' ? '1' : '0')}{OfAbc[(place + 1)..]}"
                )
            )
            .ToList();

        using (Assert.EnterMultipleScope())
        {
            Assert.That(others.Select(other => hash.Equals(other)), Is.All.False);
            Assert.That(others.Select(other => hash == other), Is.All.False);
            Assert.That(others.Select(other => hash != other), Is.All.True);
        }
    }

    [Test]
    public void Equals_SomethingElse_IsFalse() =>
        Assert.That(KeyHash.Of("abc").Equals((object)OfAbc), Is.False);

    [TestCase("")]
    [TestCase("ba78")]
    [TestCase("not hexadecimal")]
    public void Parse_NoHash_Throws(string text) =>
        Assert.That(
            () => KeyHash.Parse(text),
            Throws.InstanceOf<FormatException>().Or.InstanceOf<ArgumentException>()
        );
}
