using System.Text;
using RateLimiter.Domain;

namespace RateLimiter.UnitTests.Domain;

public sealed class NamesTests
{
    private const string OneUnit = "a";
    private const string TwoUnits = "😀";

    [Test]
    public void Problem_Null_IsRequired() =>
        Assert.That(Names.Problem(null, 10), Is.EqualTo("is required"));

    [Test]
    public void Problem_Empty_SaysTheBounds() =>
        Assert.That(Names.Problem("", 10), Is.EqualTo("must have 1 to 10 characters"));

    [Test]
    public void Problem_UpToTheBound_IsNull(
        [Values(1, 100, 128, 256)] int bound,
        [Values(OneUnit, TwoUnits)] string character
    )
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Names.Problem(character, bound), Is.Null);
            Assert.That(Names.Problem(Repeat(character, bound), bound), Is.Null);
        }
    }

    [Test]
    public void Problem_OneCodePointTooMany_SaysTheBounds(
        [Values(1, 100, 128, 256)] int bound,
        [Values(OneUnit, TwoUnits)] string character
    ) =>
        Assert.That(
            Names.Problem(Repeat(character, bound + 1), bound),
            Is.EqualTo($"must have 1 to {bound} characters")
        );

    [TestCase(" a ")]
    [TestCase("\u00a0")]
    [TestCase("a:b{c}*\"'\\/?")]
    [TestCase("e\u0301")]
    [TestCase("\u200b\u202e\ufeff\uffff")]
    public void Problem_UnusualButLegal_IsNull(string name) =>
        Assert.That(Names.Problem(name, 20), Is.Null);

    [Test]
    public void Problem_EveryUtf16Unit_RefusesControlCharactersAndLoneSurrogates(
        [Values("", "a")] string before,
        [Values("", "b")] string after
    )
    {
        var wrong = Enumerable
            .Range(0, 0x10000)
            .Where(code => Names.Problem($"{before}{(char)code}{after}", 3) != Expected(code))
            .Select(code => $"U+{code:X4}");

        Assert.That(wrong, Is.Empty);

        static string? Expected(int code) =>
            code switch
            {
                <= 0x1f or (>= 0x7f and <= 0x9f) => "must not contain control characters",
                >= 0xd800 and <= 0xdfff => "must be valid Unicode",
                _ => null,
            };
    }

    // Not as test cases: the test reporter cannot write lone surrogates.
    [Test]
    public void Problem_SurrogatesOutOfOrder_MustBeValidUnicode()
    {
        string[] texts = ["\ude00\ud83d", "\ud83d\ud83d\ude00", "😀\ud83d", "\ude00😀", "😀\ude00"];

        Assert.That(
            texts.Select(text => Names.Problem(text, 9)),
            Is.All.EqualTo("must be valid Unicode").And.Exactly(texts.Length).Items
        );
    }

    [TestCase("", 0)]
    [TestCase("abc", 3)]
    [TestCase("😀é", 2)]
    [TestCase("e\u0301", 2)]
    public void CodePoints_AnyText_CountsCodePoints(string text, int expected) =>
        Assert.That(Names.CodePoints(text), Is.EqualTo(expected));

    [TestCase("", "", 0)]
    [TestCase("", "a", -1)]
    [TestCase("a", "a", 0)]
    [TestCase("a", "ab", -1)]
    [TestCase("A", "a", -1)]
    [TestCase("Z", "a", -1)]
    [TestCase("a", "é", -1)]
    [TestCase("é", "e\u0301", 1)]
    [TestCase("😀", "😁", -1)]
    [TestCase("\ud7ff", "\U00010000", -1)]
    [TestCase("\ue000", "\U00010000", -1)]
    [TestCase("\uffff", "\U00010000", -1)]
    [TestCase("\uffff", "\U0010ffff", -1)]
    public void Compare_TwoTexts_OrdersByCodePoint(string left, string right, int sign)
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Math.Sign(Names.Compare(left, right)), Is.EqualTo(sign));
            Assert.That(Math.Sign(Names.Compare(right, left)), Is.EqualTo(-sign));
        }
    }

    [Test]
    public void Compare_RandomTexts_OrdersAsUtf8BytesDo()
    {
        // Few characters, from both sides of every boundary, so that long common prefixes are frequent.
        string[] characters =
        [
            "a",
            "b",
            "\u007f",
            "\u0080",
            "\u07ff",
            "\u0800",
            "\ud7ff",
            "\ue000",
            "\uffff",
            "\U00010000",
            "😀",
            "😁",
            "\U0010ffff",
        ];
        var random = new Random(20260203);

        for (var i = 0; i < 50_000; i++)
        {
            var (left, right) = (Text(), Text());

            var byBytes = Encoding
                .UTF8.GetBytes(left)
                .AsSpan()
                .SequenceCompareTo(Encoding.UTF8.GetBytes(right));
            if (Math.Sign(Names.Compare(left, right)) != Math.Sign(byBytes))
            {
                Assert.Fail($"'{left}' and '{right}' are ordered in another way than their bytes");
            }
        }

        string Text() => string.Concat(random.GetItems(characters, random.Next(5)));
    }

    private static string Repeat(string character, int count) =>
        string.Concat(Enumerable.Repeat(character, count));
}
