using System.Text.Json.Serialization;
using RateLimiter.Domain.Checks;

namespace RateLimiter.Infrastructure.Documents;

/// <summary>What is kept as JSON, in whichever store.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault,
    UseStringEnumConverter = true
)]
[JsonSerializable(typeof(ApiKeyDocument))]
[JsonSerializable(typeof(AuditDocument))]
[JsonSerializable(typeof(DeletionDocument))]
[JsonSerializable(typeof(LoggedDecision))]
[JsonSerializable(typeof(PolicyDocument))]
[JsonSerializable(typeof(TombstoneDocument))]
internal sealed partial class DocumentJson : JsonSerializerContext;
