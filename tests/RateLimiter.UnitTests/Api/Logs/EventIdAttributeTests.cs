using RateLimiter.Api.Logs;
using RateLimiter.Application.Logs;

namespace RateLimiter.UnitTests.Api.Logs;

public sealed class EventIdAttributeTests
{
    [TestCase("1795884224368118", 1795884224368118, null)]
    [TestCase("9007199254740992", 9007199254740992, null)]
    [TestCase("17-0", 17, 0)]
    [TestCase("0-17", 0, 17)]
    [TestCase("9007199254740992-9007199254740992", 9007199254740992, 9007199254740992)]
    // Before everything, in both logs.
    [TestCase("0", 0, 0)]
    public void Read_Id_IsThePositionInBothLogs(string text, long decisions, long? changes) =>
        Assert.That(
            EventIdAttribute.Read(text),
            Is.EqualTo(new StreamPosition(decisions, changes))
        );

    [TestCase("9007199254740993")]
    [TestCase("99999999999999999999")]
    [TestCase("-1")]
    [TestCase("+1")]
    [TestCase(" 1")]
    [TestCase("1.0")]
    [TestCase("1e3")]
    [TestCase("x")]
    [TestCase("")]
    [TestCase("-")]
    [TestCase("1-")]
    [TestCase("1-2-3")]
    [TestCase("1--2")]
    [TestCase("1- 2")]
    [TestCase("1-9007199254740993")]
    public void Read_AnythingElse_IsNoPosition(string text) =>
        Assert.That(EventIdAttribute.Read(text), Is.Null);

    [TestCase("0")]
    [TestCase("17")]
    [TestCase("17-0")]
    [TestCase("17-9007199254740992")]
    public void Write_WhatWasRead_IsTheSame(string text)
    {
        var position = EventIdAttribute.Read(text)!.Value;

        Assert.That(
            EventIdAttribute.Write(text.Contains('-') ? position : new(position.Decisions)),
            Is.EqualTo(text)
        );
    }
}
