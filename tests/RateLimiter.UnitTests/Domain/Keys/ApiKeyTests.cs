using System.Security.Cryptography;
using System.Text;
using RateLimiter.Domain;
using RateLimiter.Domain.Keys;

namespace RateLimiter.UnitTests.Domain.Clients;

public sealed class ApiKeyTests
{
    private const string Alphabet =
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    // Computed with another implementation of CRC-32C: issued keys must stay valid.
    private const string Known =
        "rl_0123456789abcdEF_07ELSZgnu18FMTahov29GNUbipw3AHOVcjqx4BIPWdk35JX8e";

    [Test]
    public void Generate_AnyClient_GivesTextThatParsesToTheSameKey()
    {
        var client = ClientId.New();

        var (key, text) = ApiKey.Generate(client);

        Assert.That(ApiKey.TryParse(text, out var parsed), Is.True);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(key.Client, Is.EqualTo(client));
            Assert.That(parsed!.Client, Is.EqualTo(client));
            Assert.That(parsed.Hash, Is.EqualTo(key.Hash));
        }
    }

    [Test]
    public void Generate_AnyClient_GivesPrefixClientSecretAndChecksum() =>
        Assert.That(
            ApiKey.Generate(TestData.Client).Text,
            Does.Match("^rl_0123456789abcdEF_[0-9A-Za-z]{43}[0-9A-Za-z]{6}$")
                .And.Length.EqualTo(ApiKey.Length)
        );

    [Test]
    public void Generate_Twice_GivesOtherSecrets()
    {
        var (first, second) = (ApiKey.Generate(TestData.Client), ApiKey.Generate(TestData.Client));

        using (Assert.EnterMultipleScope())
        {
            Assert.That(first.Text, Is.Not.EqualTo(second.Text));
            Assert.That(first.Key.Hash, Is.Not.EqualTo(second.Key.Hash));
        }
    }

    [Test]
    public void Generate_ManyKeys_UsesTheWholeAlphabetInEveryPlace()
    {
        const int secretStart = 20;
        const int secretLength = 43;
        var seen = Enumerable.Range(0, secretLength).Select(_ => new HashSet<char>()).ToArray();

        // After this many keys, the chance that a character is missing at a position is 1 in 10^66 runs.
        for (var i = 0; i < 10_000; i++)
        {
            var secret = ApiKey.Generate(TestData.Client).Text.AsSpan(secretStart, secretLength);
            for (var place = 0; place < secretLength; place++)
            {
                seen[place].Add(secret[place]);
            }
        }

        Assert.That(seen.Select(characters => characters.Count), Is.All.EqualTo(Alphabet.Length));
    }

    [Test]
    public void TryParse_KnownKey_IsTheKeyOfItsClient()
    {
        Assert.That(ApiKey.TryParse(Known, out var key), Is.True);
        Assert.That(key!.Client, Is.EqualTo(TestData.Client));
    }

    [Test]
    public void TryParse_OneCharacterChanged_IsRefused()
    {
        var taken =
            from place in Enumerable.Range(0, Known.Length)
            from character in Alphabet + "_-+/ \0é"
            where character != Known[place]
            select $"{Known[..place]}{character}{Known[(place + 1)..]}" into changed
            where ApiKey.TryParse(changed, out _)
            select changed;

        Assert.That(taken, Is.Empty);
    }

    [Test]
    public void TryParse_TwoNeighboursSwapped_IsRefused()
    {
        var taken =
            from place in Enumerable.Range(0, Known.Length - 1)
            where Known[place] != Known[place + 1]
            select $"{Known[..place]}{Known[place + 1]}{Known[place]}{Known[(place + 2)..]}" into swapped
            where ApiKey.TryParse(swapped, out _)
            select swapped;

        Assert.That(taken, Is.Empty);
    }

    [TestCase(null)]
    [TestCase("")]
    [TestCase("rl_")]
    [TestCase(Known + "0")]
    [TestCase(" " + Known)]
    [TestCase(Known + "\n")]
    public void TryParse_OtherLength_IsRefused(string? text) =>
        Assert.That(ApiKey.TryParse(text, out _), Is.False);

    [Test]
    public void TryParse_LastCharacterMissing_IsRefused() =>
        Assert.That(ApiKey.TryParse(Known[..^1], out _), Is.False);

    // Each key has a correct checksum, so that only the tested rule rejects it.
    [TestCase(
        "RL_0123456789abcdEF_07ELSZgnu18FMTahov29GNUbipw3AHOVcjqx4BIPWdk",
        TestName = "{m}(prefix)"
    )]
    [TestCase(
        "sk_0123456789abcdEF_07ELSZgnu18FMTahov29GNUbipw3AHOVcjqx4BIPWdk",
        TestName = "{m}(other prefix)"
    )]
    [TestCase(
        "rl_0123456789abcdEF-07ELSZgnu18FMTahov29GNUbipw3AHOVcjqx4BIPWdk",
        TestName = "{m}(separator)"
    )]
    [TestCase(
        "rl_0123456789abcd:F_07ELSZgnu18FMTahov29GNUbipw3AHOVcjqx4BIPWdk",
        TestName = "{m}(client)"
    )]
    [TestCase(
        "rl_0123456789abcdEF_07ELSZgnu18FMTahov29GNUbip*3AHOVcjqx4BIPWdk",
        TestName = "{m}(secret)"
    )]
    public void TryParse_OtherFormWithRightChecksum_IsRefused(string body) =>
        Assert.That(ApiKey.TryParse(body + Checksum(body), out _), Is.False);

    [Test]
    public void TryParse_RightFormWithRightChecksum_IsTaken()
    {
        const string body = "rl_0123456789abcdEF_07ELSZgnu18FMTahov29GNUbipw3AHOVcjqx4BIPWdx";

        Assert.That(ApiKey.TryParse(body + Checksum(body), out _), Is.True);
    }

    [Test]
    public void Hash_AnyKey_IsTheSha256OfItsText()
    {
        var (key, text) = ApiKey.Generate(TestData.Client);

        Assert.That(
            key.Hash.ToString(),
            Is.EqualTo(Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(text))))
        );
    }

    private static string Checksum(string body)
    {
        const uint reversedPolynomial = 0x82F63B78;
        var crc = uint.MaxValue;
        foreach (var character in Encoding.ASCII.GetBytes(body))
        {
            crc ^= character;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc & 1) == 0 ? crc >> 1 : (crc >> 1) ^ reversedPolynomial;
            }
        }

        crc = ~crc;
        var digits = "";
        for (var i = 0; i < 6; i++)
        {
            digits = Alphabet[(int)(crc % 62)] + digits;
            crc /= 62;
        }

        return digits;
    }
}
