using NJsonSchema.CodeGeneration.CSharp;
using NSwag;
using NSwag.CodeGeneration.CSharp;

namespace RateLimiter.Clients;

/// <summary>The generated part of the client for .NET.</summary>
public static class CSharpClient
{
    /// <summary>Its path, from the root of the repository.</summary>
    public const string Path = "src/RateLimiter.Client/Generated/RateLimiterApi.cs";

    private const string Success = "if (status_ == 200)";

    /// <summary>Generates it, from a document as JSON.</summary>
    public static async Task<string> WriteAsync(string json)
    {
        var document = await OpenApiDocument.FromJsonAsync(json);
        DocumentForClients.Prepare(document);
        var settings = new CSharpClientGeneratorSettings
        {
            ClassName = "RateLimiterApi",
            OperationNameGenerator = new OperationNames(),
            GenerateClientInterfaces = true,
            InjectHttpClient = true,
            DisposeHttpClient = false,
            UseBaseUrl = false,
            GenerateOptionalParameters = true,
            GenerateExceptionClasses = false,
            ExceptionClass = "RateLimiterApiException",
            ResponseClass = "ApiResponse",
            WrapResponses = true,
            // The ETag is half of the response there.
            WrapResponseMethods =
            [
                .. document
                    .Operations.Where(DocumentForClients.GivesVersion)
                    .Select(operation =>
                        $"RateLimiterApi.{OperationNames.Of(operation.Operation)}"
                    ),
            ],
            ParameterDateTimeFormat = "O",
            ParameterNameGenerator = new ParameterNames(),
            CSharpGeneratorSettings =
            {
                Namespace = "RateLimiting.Client.Generated",
                JsonLibrary = CSharpJsonLibrary.SystemTextJson,
                JsonLibraryVersion = 10,
                GenerateNullableReferenceTypes = true,
                // Otherwise an omitted field could not be distinguished from its type's default, and a cost of 0 would
                // become 1.
                GenerateOptionalPropertiesAsNullable = true,
                GenerateDataAnnotations = false,
                ArrayType = "System.Collections.Generic.IReadOnlyList",
                ArrayBaseType = "System.Collections.Generic.List",
                ArrayInstanceType = "System.Collections.Generic.List",
                DateTimeType = "System.DateTimeOffset",
                ClassStyle = CSharpClassStyle.Poco,
                PropertyNameGenerator = new PropertyNames(),
            },
        };
        var text = new CSharpClientGenerator(document, settings).GenerateFile();
        // 202 is a success with the same body, about work that continues; the generator supports only one success.
        return text.Replace("\r\n", "\n", StringComparison.Ordinal)
            .Replace(Success, "if (status_ is 200 or 202)", StringComparison.Ordinal);
    }
}
