using System.ComponentModel.DataAnnotations;
using RateLimiter.Api.Audit;
using RateLimiter.Domain;

namespace RateLimiter.UnitTests.Api.Audit;

public sealed class AuditCursorTests
{
    [TestCase(1)]
    [TestCase(1_234_567_890_123)]
    [TestCase(1L << 53)]
    public void Read_WhatWasWritten_IsTheSame(long id) =>
        Assert.That(AuditCursor.Read(AuditCursor.Write(id)), Is.EqualTo(id));

    [TestCase("")]
    [TestCase("1")]
    [TestCase("anything")]
    [TestCase("abcdefghijk")]
    [TestCase("AAAAAAAAAAA")]
    [TestCase("AAAAAAAAAAF")]
    [TestCase("AAAAAAAAAAE=")]
    [TestCase("AAAAAAAAAA ")]
    [TestCase("__________8")]
    [TestCase("ééééééééééé")]
    public void Read_AnythingElse_IsNone(string cursor) =>
        Assert.That(AuditCursor.Read(cursor), Is.Null);

    [Test]
    public void Validate_Cursor_SaysWhenItIsNone()
    {
        var attribute = new AuditCursorAttribute();

        using (Assert.EnterMultipleScope())
        {
            Assert.That(Fault(attribute, null), Is.Null);
            Assert.That(Fault(attribute, AuditCursor.Write(1)), Is.Null);
            Assert.That(
                Fault(attribute, "x"),
                Is.EqualTo("must be a next_cursor that an answer gave")
            );
        }
    }

    [Test]
    public void Validate_Action_NamesThoseThereAre()
    {
        var attribute = new AuditActionAttribute();

        using (Assert.EnterMultipleScope())
        {
            Assert.That(Fault(attribute, null), Is.Null);
            Assert.That(AuditActions.Names.Select(name => Fault(attribute, name)), Is.All.Null);
            Assert.That(
                Fault(attribute, "policy.Created"),
                Does.StartWith("must be one of client.registered, ")
            );
        }
    }

    private static string? Fault(ValidationAttribute attribute, string? value) =>
        attribute.GetValidationResult(value, new ValidationContext(attribute))?.ErrorMessage;
}
