using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using RateLimiter.Api.Policies;
using RateLimiter.Domain.Policies;

namespace RateLimiter.UnitTests.Api.Policies;

public sealed class VersionTagTests
{
    [Test]
    public void Of_SameVersion_IsAnotherTagForEachKind()
    {
        Assert.That(VersionTag.Policy.Of(7), Is.EqualTo("\"7\""));
        Assert.That(VersionTag.Set.Of(7), Is.EqualTo("\"set-7\""));
    }

    [Test]
    public void ReadCondition_NoHeaders_AsksNothing() =>
        Assert.That(Read(VersionTag.Policy, [], []), Is.SameAs(VersionCondition.None));

    [TestCase("*")]
    [TestCase(" * ")]
    public void ReadCondition_IfMatchAny_AsksThatSomethingIsThere(string header) =>
        Assert.That(Read(VersionTag.Policy, header, []), Is.EqualTo(new VersionCondition.Exists()));

    [Test]
    public void ReadCondition_IfNoneMatchAny_AsksThatNothingIsThere() =>
        Assert.That(Read(VersionTag.Policy, [], "*"), Is.EqualTo(new VersionCondition.Missing()));

    [TestCase("\"7\"", new long[] { 7 })]
    [TestCase("\"7\", \"8\" ,\"9\"", new long[] { 7, 8, 9 })]
    [TestCase("\"7\", W/\"8\"", new long[] { 7 })]
    [TestCase("\"7\", \"set-8\", \"x\"", new long[] { 7 })]
    [TestCase("\"9223372036854775807\"", new[] { long.MaxValue })]
    [TestCase("W/\"7\"", new long[0])]
    [TestCase("\"set-7\"", new long[0])]
    [TestCase("\"07\"", new long[0])]
    [TestCase("\"+7\"", new long[0])]
    [TestCase("\"-7\"", new long[0])]
    [TestCase("\" 7\"", new long[0])]
    [TestCase("\"9223372036854775808\"", new long[0])]
    [TestCase("\"\"", new long[0])]
    [TestCase("7", new long[0])]
    [TestCase("\"7", new long[0])]
    [TestCase("\"7\" \"8\"", new long[0])]
    [TestCase("*, \"7\"", new long[0])]
    [TestCase("", new long[0])]
    public void ReadCondition_IfMatchOfAPolicy_AsksForTheVersionsItNames(
        string header,
        long[] versions
    ) => Assert.That(Versions(VersionTag.Policy, header), Is.EqualTo(versions));

    [TestCase("\"set-7\", \"8\"", new long[] { 7 })]
    [TestCase("\"set-\"", new long[0])]
    [TestCase("\"sets-7\"", new long[0])]
    [TestCase("\"SET-7\"", new long[0])]
    [TestCase("W/\"set-7\"", new long[0])]
    public void ReadCondition_IfMatchOfTheSet_AsksForTheVersionsItNames(
        string header,
        long[] versions
    ) => Assert.That(Versions(VersionTag.Set, header), Is.EqualTo(versions));

    [Test]
    public void ReadCondition_IfMatchInTwoLines_TakesBoth() =>
        Assert.That(
            Versions(VersionTag.Policy, new StringValues(["\"7\"", "\"8\""])),
            Is.EqualTo(new long[] { 7, 8 })
        );

    [TestCase("\"7\"")]
    [TestCase("*")]
    public void ReadCondition_BothHeaders_AsksForWhatCannotBe(string match)
    {
        var condition = Read(VersionTag.Policy, match, "*")!;

        Assert.That(condition.Holds(7) || condition.Holds(null), Is.False);
    }

    [TestCase("\"7\"")]
    [TestCase("*, *")]
    [TestCase("")]
    [TestCase("nonsense")]
    public void ReadCondition_IfNoneMatchNotAny_IsNone(string header) =>
        Assert.That(Read(VersionTag.Policy, [], header), Is.Null);

    [TestCase("\"7\"", true)]
    [TestCase("W/\"7\"", true)]
    [TestCase("\"6\", \"7\"", true)]
    [TestCase("*", true)]
    [TestCase("\"8\"", false)]
    [TestCase("\"set-7\"", false)]
    [TestCase("7", false)]
    [TestCase("\"7", false)]
    [TestCase(null, false)]
    public void Announce_IfNoneMatch_TellsWhetherTheCallerHasIt(string? header, bool expected)
    {
        var http = new DefaultHttpContext();
        http.Request.Headers.IfNoneMatch = header;

        var known = VersionTag.IsCurrent(http, "\"7\"");

        using (Assert.EnterMultipleScope())
        {
            Assert.That(known, Is.EqualTo(expected));
            Assert.That(http.Response.Headers.ETag.ToString(), Is.EqualTo("\"7\""));
            Assert.That(http.Response.Headers.CacheControl.ToString(), Does.Contain("private"));
        }
    }

    private static IReadOnlyCollection<long> Versions(VersionTag tag, StringValues ifMatch) =>
        ((VersionCondition.OneOf)Read(tag, ifMatch, [])!).Versions;

    private static VersionCondition? Read(
        VersionTag tag,
        StringValues ifMatch,
        StringValues ifNoneMatch
    ) =>
        tag.ReadCondition(
            new HeaderDictionary { ["If-Match"] = ifMatch, ["If-None-Match"] = ifNoneMatch }
        );
}
