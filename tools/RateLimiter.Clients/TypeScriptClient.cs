using System.Diagnostics;

namespace RateLimiter.Clients;

/// <summary>
/// A client in TypeScript, by NSwag's command: what it is made of is not to be had as a package by itself.
/// </summary>
internal static class TypeScriptClient
{
    /// <returns>The exit code of the command.</returns>
    public static async Task<int> WriteAsync(string document, string output)
    {
        using var nswag = Process.Start(
            "dotnet",
            [
                "nswag",
                "openapi2tsclient",
                $"/input:{Absolute(document)}",
                $"/output:{Path.GetFullPath(output)}",
                "/template:Fetch",
                "/className:RateLimiterApi",
                "/operationGenerationMode:SingleClientFromOperationId",
                "/typeStyle:Interface",
                "/nullValue:Null",
                "/markOptionalProperties:true",
                "/dateTimeType:String",
                "/generateOptionalParameters:true",
            ]
        );
        await nswag.WaitForExitAsync();
        return nswag.ExitCode;
    }

    // The command has its own idea of where a relative path begins.
    private static string Absolute(string document) =>
        document.StartsWith("http", StringComparison.Ordinal)
            ? document
            : Path.GetFullPath(document);
}
